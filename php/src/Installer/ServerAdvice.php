<?php

namespace Canyon\Installer;

use Canyon\Broadcasting\Transports\ExtensionTransport;
use Canyon\Console\ServerBinary;
use Canyon\Exception;

/**
 * How events reach the server with what this machine has, and what would be better.
 */
final class ServerAdvice
{
    /**
     * Create a new advice instance.
     *
     * @param  array<string, mixed>  $config
     */
    public function __construct(private readonly array $config, private readonly string $basePath)
    {
        //
    }

    /**
     * Determine if PHP has the extension.
     */
    public function hasExtension(): bool
    {
        return ExtensionTransport::isAvailable();
    }

    /**
     * Get the command that starts the server here.
     */
    public function startCommand(): string
    {
        return $this->hasExtension() ? 'php artisan canyon:start' : 'php artisan canyon:start --sidecar';
    }

    /**
     * Get what to do about the extension that is missing, as text and commands.
     *
     * @return list<string>
     */
    public function lines(): array
    {
        $directory = PHP_CONFIG_FILE_SCAN_DIR ?: dirname((string) php_ini_loaded_file());

        return [
            'PHP at '.PHP_BINARY.' has not loaded the canyon extension.',
            ($this->config['transport'] ?? 'auto') === 'extension'
                ? 'Until it has, broadcasting fails, for CANYON_TRANSPORT asks for it: with "auto", events would go over HTTP.'
                : 'Until it has, events go over HTTP to the server, which takes longer.',
            $this->hasBinary()
                ? 'The server runs as the canyon binary meanwhile (--sidecar).'
                : 'The server can only run as the canyon binary meanwhile (--sidecar), which is not here either. A release has it, [make server] in a checkout of Canyon builds it, and CANYON_BINARY names it.',
            '',
            'Get the extension with PIE, for each PHP that runs the application:',
            '  pie install canyon/ext-canyon',
            'or build it in a checkout of Canyon, with Rust and the development files of this PHP:',
            '  make ext PHP='.PHP_BINARY,
            '  sudo cp -L target/ext/release/libcanyon.so "$(php-config --extension-dir)/canyon.so"',
            "  echo 'extension=canyon' | sudo tee {$directory}/20-canyon.ini",
            'PHP-FPM reads a directory of its own (such as /etc/php/'.PHP_MAJOR_VERSION.'.'.PHP_MINOR_VERSION.'/fpm/conf.d), and is to be restarted.',
        ];
    }

    /**
     * Determine if the canyon binary is where canyon:start looks for it.
     */
    private function hasBinary(): bool
    {
        try {
            ServerBinary::find($this->config['server']['binary'] ?? null, $this->basePath);
        } catch (Exception) {
            return false;
        }

        return true;
    }
}
