<?php

namespace Canyon\Installer;

use Canyon\Exception;

/**
 * Whose variables hold the credentials of the application.
 */
enum Origin: string
{
    case Canyon = 'canyon';
    case Reverb = 'reverb';
    case Pusher = 'pusher';

    /**
     * Find whose credentials are to be used: those asked for, else those that are in use, else any that are there.
     */
    public static function of(EnvironmentFile $file, ?string $asked, string $driver): self
    {
        $asked = $asked === null ? null : (self::tryFrom($asked) ?? throw new Exception(
            "There are no credentials to take over from [{$asked}]. The option --from is \"reverb\" or \"pusher\"."
        ));

        if ($asked !== null && ! $asked->isComplete($file)) {
            throw new Exception("There is nothing to take over: {$asked->name}'s variables {$asked->prefix()}APP_ID, {$asked->prefix()}APP_KEY and {$asked->prefix()}APP_SECRET are not all set in the environment file.");
        }

        return match (true) {
            self::Canyon->isBegun($file) => self::Canyon,
            $asked !== null => $asked,
            $driver === 'pusher' && self::Pusher->isComplete($file) => self::Pusher,
            self::Reverb->isBegun($file) => self::Reverb,
            default => self::Canyon,
        };
    }

    /**
     * Get what the names of the variables begin with.
     */
    public function prefix(): string
    {
        return strtoupper($this->value).'_';
    }

    /**
     * Determine if one of the credentials is there.
     */
    private function isBegun(EnvironmentFile $file): bool
    {
        return $this->count($file) > 0;
    }

    /**
     * Determine if all the credentials are there.
     */
    private function isComplete(EnvironmentFile $file): bool
    {
        return $this->count($file) === 3;
    }

    /**
     * Count the credentials that are there.
     */
    private function count(EnvironmentFile $file): int
    {
        return count(array_filter(['APP_ID', 'APP_KEY', 'APP_SECRET'], fn (string $name) => $file->get($this->prefix().$name) !== null));
    }
}
