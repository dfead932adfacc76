<?php

namespace Canyon\Doctor;

/**
 * What a check has found out about one thing.
 */
final class Finding
{
    /**
     * Create a new finding.
     */
    private function __construct(
        public readonly Verdict $verdict,
        public readonly string $subject,
        public readonly string $detail,
        public readonly ?string $advice = null,
    ) {
        //
    }

    /**
     * Create a finding about something that is as it should be.
     */
    public static function passed(string $subject, string $detail): self
    {
        return new self(Verdict::Passed, $subject, $detail);
    }

    /**
     * Create a finding about something that works, but not as well as it could.
     */
    public static function warning(string $subject, string $detail, string $advice): self
    {
        return new self(Verdict::Warning, $subject, $detail, $advice);
    }

    /**
     * Create a finding about something that does not work.
     */
    public static function failed(string $subject, string $detail, string $advice): self
    {
        return new self(Verdict::Failed, $subject, $detail, $advice);
    }

    /**
     * Create a finding about something that could not be looked at.
     */
    public static function skipped(string $subject, string $why): self
    {
        return new self(Verdict::Skipped, $subject, $why);
    }
}
