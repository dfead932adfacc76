<?php

namespace Canyon\Tests\Support;

use RuntimeException;

/**
 * Runs Fixtures/tls-proxy.php in front of a port, with a certificate for 127.0.0.1 that it makes itself.
 */
final class TlsProxy
{
    public readonly int $port;

    public readonly string $certificate;

    /** @var resource */
    private $process;

    /** @var array<int, resource> */
    private array $pipes = [];

    public function __construct(int $port)
    {
        $this->certificate = (string) tempnam(sys_get_temp_dir(), 'canyon-certificate-');
        file_put_contents($this->certificate, self::makeCertificate());

        $this->process = proc_open([PHP_BINARY, __DIR__.'/../Fixtures/tls-proxy.php', $this->certificate, (string) $port], [['pipe', 'r'], ['pipe', 'w']], $this->pipes);
        $this->port = (int) fgets($this->pipes[1]) ?: throw new RuntimeException('The TLS proxy of the test did not start.');
    }

    public function stop(): void
    {
        array_map(fclose(...), $this->pipes);
        proc_close($this->process);
        unlink($this->certificate);
    }

    /**
     * Make a certificate for 127.0.0.1 that is valid for a day, with its key, in the format of PEM.
     */
    public static function makeCertificate(): string
    {
        $config = (string) tempnam(sys_get_temp_dir(), 'canyon-openssl-');
        // PHP 8.2 looks at the number of bits, though a curve has its own.
        file_put_contents($config, "[req]\ndefault_bits = 2048\ndistinguished_name = name\n[name]\n[server]\nsubjectAltName = IP:127.0.0.1\n");
        $options = ['config' => $config, 'digest_alg' => 'sha256', 'x509_extensions' => 'server', 'private_key_type' => OPENSSL_KEYTYPE_EC, 'curve_name' => 'prime256v1'];

        $key = openssl_pkey_new($options);
        openssl_x509_export(openssl_csr_sign(openssl_csr_new(['commonName' => '127.0.0.1'], $key, $options), null, $key, 1, $options), $certificate);
        openssl_pkey_export($key, $private, null, $options);
        unlink($config);

        return $certificate.$private;
    }
}
