<?php

namespace Canyon\Tests;

/**
 * Publish with settings of php.ini; returns what was printed and what went to the error output.
 *
 * @return array{string, string}
 */
function with_settings(array $ini, string $code = '$publisher->publish("channel", "event", "{}"); echo json_encode($publisher->status());'): array
{
    $code = 'try { $publisher = new Canyon\Publisher($queue, "1"); '.$code.' } catch (Canyon\Exception $e) { echo $e->getMessage(); }';
    [, $output, $errors] = php($code, $ini + ['display_startup_errors' => '1', 'display_errors' => 'stderr', 'log_errors' => '0'])->finish();

    return [$output, $errors];
}

test('the size of the ring is a setting', function () {
    foreach (['65536' => 65536, '64K' => 65536, '128k' => 131072, '1M' => 1048576] as $value => $bytes) {
        [$output, $errors] = with_settings(['canyon.ring_bytes' => (string) $value]);
        same('', $errors);
        same($bytes, json_decode($output, true)['ring_bytes'] ?? $output);
        array_map(fn ($name) => unlink(Harness::place().'/'.$name), left_behind());
    }
});

test('the longest data and the longest channel name are settings', function () {
    [$output] = with_settings(['canyon.max_event_bytes' => '10'], '$publisher->publish("c", "e", "12345678901");');
    contains('11 bytes, and the limit is 10', $output);
    [$output] = with_settings(['canyon.max_event_bytes' => '2M'], '$publisher->publish("c", "e", str_repeat("x", 2000000)); echo "published";');
    same('published', $output);
    [$output] = with_settings(['canyon.max_channel_length' => '200'], '$publisher->publish(str_repeat("c", 200), "e", ""); echo "published";');
    same('published', $output);
    [$output] = with_settings(['canyon.max_channel_length' => '3'], '$publisher->publish("four", "e", "");');
    contains('4 bytes, and the limit is 3', $output);
});

test('a setting that cannot be is a warning at the start and an exception at the call', function () {
    $bad = [
        'canyon.ring_bytes' => ['abc', '', '100000', '1K', '32K', '2G', '-65536', '65536.5', '64KB', '0x10000', '99999999999999999999G'],
        'canyon.max_event_bytes' => ['0', '-1', '1T', '9M', 'many'],
        'canyon.max_channel_length' => ['0', '201', 'x'],
        'canyon.queue_owner' => ['no-such-user-here'],
        'canyon.queue_group' => ['no-such-group-here'],
    ];

    foreach ($bad as $name => $values) {
        foreach ($values as $value) {
            [$output, $errors] = with_settings([$name => $value]);
            contains("{$name} = \"{$value}\"", $output);
            contains("{$name} = \"{$value}\"", $errors);
            contains('Warning', $errors);
        }
    }

    holds(! file_exists(Harness::place()), 'a refused setting was used');
});

test('a script cannot change the settings', function () {
    foreach (array_keys((new \ReflectionExtension('canyon'))->getINIEntries()) as $name) {
        same(false, @ini_set($name, '1'), $name);
    }
});

test('a group shares the queue directory', function () {
    $group = posix_getgrgid(posix_getegid())['name'];
    [$output, $errors] = with_settings(['canyon.queue_group' => $group]);
    same('', $errors);
    same(true, json_decode($output, true)['attached'] ?? $output);
    clearstatcache();
    same('2770', decoct(fileperms(Harness::place()) & 07777));
    same('660', decoct(fileperms(Harness::place().'/control') & 07777));
    [$output] = with_settings([]);
    contains('group', $output);
});

test('phpinfo() has a section with version, protocol and settings', function () {
    [, $output] = php('phpinfo(INFO_MODULES);')->finish();
    $section = substr(strstr($output, "\ncanyon\n"), 0, 600);
    foreach (['canyon support => enabled', 'Version => '.phpversion('canyon'), 'Queue protocol version => 1', 'canyon.ring_bytes => 256K', 'canyon.max_event_bytes => 1M'] as $part) {
        contains($part, $section);
    }
    same(1, preg_match('/^\d+\.\d+\.\d+/', phpversion('canyon')));
});
