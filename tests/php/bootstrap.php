<?php

require __DIR__.'/autoload.php';

// The tests say what they configure; nothing of the caller's own configuration may take part.
foreach (array_keys(getenv()) as $name) {
    if (preg_match('/\A(REVERB|VITE|BROADCAST|APP|CANYON_(APP|SERVER|HTTP))_|\ACANYON_(HOST|PORT|SCHEME|IMMEDIATE|ENCRYPTION_MASTER_KEY_BASE64|QUEUE|LISTEN|LOG|TRANSPORT|BINARY|SETTINGS|FFI_LIBRARY)\z/', $name) === 1) {
        putenv($name);
        unset($_SERVER[$name], $_ENV[$name]);
    }
}
