<?php

namespace Canyon\Tests\Support;

use Illuminate\Support\Facades\Artisan;
use PHPUnit\Framework\Assert;
use Symfony\Component\Console\Output\BufferedOutput;

/**
 * Runs canyon:doctor and reads what it prints.
 */
final class Doctor
{
    public readonly int $exitCode;

    public readonly string $output;

    /**
     * @var array<string, array{verdict: string, detail: string, advice: string}>
     */
    private array $findings = [];

    /**
     * @param  array<string, string>  $options
     */
    public function __construct(array $options = [])
    {
        $this->exitCode = Artisan::call('canyon:doctor', $options, $output = new BufferedOutput);
        $this->output = $output->fetch();

        $subject = '';

        foreach (explode("\n", $this->output) as $line) {
            if (preg_match('/^  (\S.*?) \.+ (OK|WARNING|FAILED|NOT CHECKED) *$/', $line, $found) === 1) {
                $this->findings[$subject = $found[1]] = ['verdict' => $found[2], 'detail' => '', 'advice' => ''];
            } elseif (preg_match('/^    (→ )?(.*)$/', $line, $found) === 1) {
                $this->findings[$subject][$found[1] === '' ? 'detail' : 'advice'] = $found[2];
            }
        }
    }

    /**
     * @return array<string, array{verdict: string, detail: string, advice: string}>
     */
    public function failures(): array
    {
        return array_filter($this->findings, static fn (array $finding) => $finding['verdict'] === 'FAILED');
    }

    public function assertPassed(string $subject, string $detail): void
    {
        $this->assertFinding('OK', $subject, $detail);
    }

    public function assertSkipped(string $subject, string $detail): void
    {
        $this->assertFinding('NOT CHECKED', $subject, $detail);
    }

    public function assertWarned(string $subject, string $detail, string $advice): void
    {
        $this->assertFinding('WARNING', $subject, $detail, $advice);
    }

    public function assertFailed(string $subject, string $detail, string $advice = ''): void
    {
        $this->assertFinding('FAILED', $subject, $detail, $advice);
        Assert::assertSame(1, $this->exitCode, $this->output);
    }

    private function assertFinding(string $verdict, string $subject, string $detail, string $advice = ''): void
    {
        Assert::assertArrayHasKey($subject, $this->findings, $this->output);
        Assert::assertSame($verdict, $this->findings[$subject]['verdict'], $this->output);
        Assert::assertStringContainsString($detail, $this->findings[$subject]['detail']);
        Assert::assertStringContainsString($advice, $this->findings[$subject]['advice']);
    }
}
