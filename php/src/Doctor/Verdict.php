<?php

namespace Canyon\Doctor;

enum Verdict: string
{
    case Passed = 'OK';
    case Warning = 'WARNING';
    case Failed = 'FAILED';
    case Skipped = 'NOT CHECKED';

    /**
     * Get the colour in which the verdict is printed.
     */
    public function color(): string
    {
        return match ($this) {
            self::Passed => 'green',
            self::Warning => 'yellow',
            self::Failed => 'red',
            self::Skipped => 'gray',
        };
    }
}
