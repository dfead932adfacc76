<?php

namespace Canyon\Broadcasting\Transports;

use Canyon\Broadcasting\EventLimit;
use Canyon\Broadcasting\Transport;
use Canyon\Exception;
use Canyon\InvalidConfiguration;
use Canyon\QueueFull;
use FFI;
use FFI\CData;

/**
 * Publishes through Canyon's C library: for command-line PHP that may not load extensions, but has FFI.
 */
final class FfiTransport implements Transport
{
    /**
     * The statuses of stubs/canyon.h that mean more than "no".
     */
    private const OK = 0;

    private const FULL = 1;

    /**
     * The library.
     */
    private readonly FFI $canyon;

    /**
     * The library's end of the queue, once it was needed.
     */
    private ?CData $publisher = null;

    /**
     * Create a new FFI transport instance.
     */
    public function __construct(
        private readonly string $queue,
        private readonly string $appId,
        private readonly string $options = '',
        ?string $library = null,
        private readonly EventLimit $limit = new EventLimit,
    ) {
        $this->canyon = self::load($library);
    }

    /**
     * Create a transport from the configuration.
     *
     * @param  array<string, mixed>  $config
     */
    public static function fromConfig(string $queue, string $appId, array $config): self
    {
        $options = array_filter([
            'queue_group' => (string) ($config['queue_group'] ?? ''),
            'max_event_bytes' => (string) ($config['app']['max_event_bytes'] ?? ''),
        ], static fn (string $value) => $value !== '');

        $library = (string) ($config['ffi_library'] ?? '');

        return new self(
            $queue,
            $appId,
            implode(' ', array_map(static fn (string $name, string $value) => "{$name}={$value}", array_keys($options), $options)),
            $library === '' ? null : $library,
            EventLimit::configured($config['app']['max_event_bytes'] ?? null),
        );
    }

    /**
     * Get the version of the library.
     */
    public function version(): string
    {
        return $this->canyon->canyon_version();
    }

    /**
     * Hand an encoded event to the server.
     *
     * @param  list<string>  $channels
     */
    public function publish(array $channels, string $event, string $data, ?string $exceptSocketId = null): void
    {
        if (strlen($data) > $this->limit->bytes) {
            throw $this->limit->exceededBy($data);
        }

        foreach ([...$channels, $event, (string) $exceptSocketId] as $name) {
            $this->ensureIsWhole($name);
        }

        $names = $this->canyon->new('const char *['.max(1, count($channels)).']');
        $texts = [];

        foreach (array_values($channels) as $index => $channel) {
            // Zeroed, so the string ends where it should; kept, for the array only points to it.
            $texts[] = $text = $this->canyon->new('char['.(strlen($channel) + 1).']');
            FFI::memcpy($text, $channel, strlen($channel));
            $names[$index] = FFI::addr($text[0]);
        }

        $this->ensureSucceeded($this->canyon->canyon_publish(
            $this->publisher ??= $this->open(), $names, count($channels), $event, $data, strlen($data), $exceptSocketId,
        ));
    }

    /**
     * Leave the queue.
     */
    public function __destruct()
    {
        if ($this->publisher !== null) {
            $this->canyon->canyon_close($this->publisher);
        }
    }

    /**
     * Attach to the queue.
     */
    private function open(): CData
    {
        array_map($this->ensureIsWhole(...), [$this->queue, $this->appId, $this->options]);

        $publisher = $this->canyon->new('canyon_publisher *');

        $this->ensureSucceeded($this->canyon->canyon_open($this->queue, $this->appId, $this->options, FFI::addr($publisher)));

        return $publisher;
    }

    /**
     * Ensure that a call has done what it should.
     */
    private function ensureSucceeded(int $status): void
    {
        if ($status === self::OK) {
            return;
        }

        $message = $this->canyon->canyon_last_error();

        throw $status === self::FULL ? new QueueFull($message) : new Exception($message);
    }

    /**
     * Ensure that C sees all of a string, which ends at the first NUL for it.
     */
    private function ensureIsWhole(string $text): void
    {
        if (str_contains($text, "\0")) {
            throw new Exception('The text ['.str_replace("\0", '\0', $text).'] holds a NUL byte.');
        }
    }

    /**
     * Load the library.
     */
    private static function load(?string $library): FFI
    {
        if (! extension_loaded('ffi')) {
            throw new InvalidConfiguration('Publishing through FFI needs PHP\'s FFI extension, which is not loaded ('.PHP_SAPI.', '.(php_ini_loaded_file() ?: 'no php.ini').'). Install it, or set CANYON_TRANSPORT to "auto".');
        }

        $library ??= self::find();

        if (str_contains($library, '/') && ! is_file($library)) {
            throw new InvalidConfiguration("There is no library at [{$library}]. Build it with [make capi], and set CANYON_FFI_LIBRARY to the path of libcanyon_publish.so.");
        }

        try {
            return FFI::cdef(self::declarations(), $library);
        } catch (FFI\Exception $e) {
            throw new InvalidConfiguration(match (true) {
                str_contains($e->getMessage(), 'restricted') => 'PHP\'s FFI extension may not be used here ('.PHP_SAPI.'): ffi.enable is ['.(ini_get('ffi.enable') ?: 'false').'] in '.(php_ini_loaded_file() ?: 'php.ini').'. Set it to "true", or set CANYON_TRANSPORT to "auto".',
                str_contains($e->getMessage(), 'Failed loading') => "The library [{$library}] could not be loaded: ".lcfirst($e->getMessage()).'. Build it with [make capi], and set CANYON_FFI_LIBRARY to the path of libcanyon_publish.so.',
                default => "The library [{$library}] is not Canyon's, or of another version than this package: {$e->getMessage()}. Build both from the same release.",
            }, 0, $e);
        }
    }

    /**
     * Get the library of the checkout this package stands in, else leave it to the system to find one.
     */
    private static function find(): string
    {
        $built = dirname(__DIR__, 4).'/target/capi/release/libcanyon_publish.so';

        return is_file($built) ? $built : 'libcanyon_publish.so';
    }

    /**
     * Get what the C header declares; PHP does not understand the preprocessor's lines and what is for C++.
     */
    private static function declarations(): string
    {
        $header = (string) file_get_contents(dirname(__DIR__, 4).'/stubs/canyon.h');

        return (string) preg_replace(['/^#ifdef __cplusplus$.*?^#endif.*?$/ms', '/^#.*$/m'], '', $header);
    }
}
