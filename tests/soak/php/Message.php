<?php

declare(strict_types=1);

namespace Canyon\Soak;

/**
 * A message that tells who made it, what it follows, and whether it arrived whole: "md5|id|seq|cause|count|length|body".
 */
final class Message
{
    private const DIGEST = 32;

    private static string $filler = '';

    /**
     * Make message $seq of a publisher. The first $count messages of publisher $cause were published before it.
     */
    public static function text(int $id, int $seq, int $cause, int $count): string
    {
        // With what JSON has to escape.
        self::$filler = self::$filler ?: strtr(base64_encode(random_bytes(300_000)), 'Aa+', "\"\\\n");
        $length = self::length();
        $head = "|{$id}|{$seq}|{$cause}|{$count}|{$length}|";
        $body = $length - self::DIGEST - strlen($head);
        $rest = $head.substr(self::$filler, mt_rand(0, strlen(self::$filler) - $body), $body);

        return md5($rest).$rest;
    }

    /**
     * Mostly small; some wrap around the ring's end often, some go to files of their own beside the ring.
     */
    private static function length(): int
    {
        $dice = mt_rand(0, 199);

        return match (true) {
            $dice < 150 => mt_rand(100, 700),
            $dice < 187 => mt_rand(700, 8_000),
            $dice < 198 => mt_rand(8_000, 24_000),
            default => mt_rand(24_000, 250_000),
        };
    }
}
