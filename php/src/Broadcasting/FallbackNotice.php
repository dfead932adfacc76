<?php

namespace Canyon\Broadcasting;

use Illuminate\Container\Container;
use Illuminate\Contracts\Foundation\Application;
use Psr\Log\LoggerInterface;

/**
 * Writes to the log, once, that events take the slower way.
 */
final class FallbackNotice
{
    /**
     * How many seconds the notice of a web server holds.
     */
    private const INTERVAL = 3600;

    /**
     * Indicates if this process has written the notice.
     */
    private static bool $written = false;

    /**
     * Create a new notice instance.
     */
    public function __construct(private readonly Application $app)
    {
        //
    }

    /**
     * Write the notice if it was not written lately.
     */
    public function __invoke(string $message): void
    {
        if (self::$written) {
            return;
        }

        self::$written = true;

        if (PHP_SAPI === 'cli' || $this->isFirstOfInterval()) {
            // Not of the application given: a broadcaster outlives the clone of it that Octane made for one request.
            Container::getInstance()->make(LoggerInterface::class)->notice($message);
        }
    }

    /**
     * Forget that this process has written the notice.
     */
    public static function forget(): void
    {
        self::$written = false;
    }

    /**
     * Determine if no web request has written the notice lately.
     *
     * Between requests PHP forgets static properties, so a file in the storage directory has to remember.
     */
    private function isFirstOfInterval(): bool
    {
        $marker = $this->app->storagePath('framework/canyon-http-notice');

        if (is_file($marker) && filemtime($marker) > time() - self::INTERVAL) {
            return false;
        }

        @touch($marker);

        return true;
    }
}
