// What the parts of the demo are told: the environment of PHP, the configuration of php-fpm, and where everything is.

import { randomBytes } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const appRoot = dirname(dirname(fileURLToPath(import.meta.url)))

/** Calls `fail` with a message that says what to do when something the demo needs is missing. */
export function ensureEverythingIsThere(fail) {
    const needed = {
        PHP84: 'make setup',
        PHP84_FPM: 'make setup',
        LARAVEL_AUTOLOAD: 'make setup',
        NODE_PATH: 'make setup',
        CANYON_EXT84: 'make ext84',
    }
    const missing = Object.entries(needed).filter(([name]) => !process.env[name] || !existsSync(process.env[name]))
    if (missing.length > 0) {
        const lines = missing.map(([name, target]) => `  ${name}=${process.env[name] ?? ''} does not exist; \`${target}\` provides it`)
        fail(`The demo cannot start:\n${lines.join('\n')}\n\`make demo\` does all of it.`)
    }
}

/** Everything the parts must agree on. Keys and secrets are new each time: nothing of the demo is worth attacking. */
export function createSettings({ home, port, socketPort }) {
    const url = `http://127.0.0.1:${port}`
    const queue = isDirectory('/dev/shm') ? join('/dev/shm', basename(home)) : join(home, 'queue')

    const env = {
        ...process.env,
        CANYON_DEMO_HOME: home,
        CANYON_EXTENSION: process.env.CANYON_EXT84,

        APP_NAME: 'Canyon demo',
        APP_ENV: 'local',
        APP_DEBUG: 'true',
        APP_KEY: `base64:${randomBytes(32).toString('base64')}`,
        APP_URL: url,
        DB_DATABASE: join(home, 'demo.sqlite'),
        CACHE_STORE: 'file',
        LOG_CHANNEL: 'single',
        QUEUE_CONNECTION: 'sync',
        SESSION_DRIVER: 'file',
        // Cookies do not know ports: two demos on one host would take each other's session away.
        SESSION_COOKIE: `canyon_demo_${port}`,

        BROADCAST_CONNECTION: 'canyon',
        CANYON_APP_ID: 'demo',
        CANYON_APP_KEY: randomBytes(10).toString('hex'),
        CANYON_APP_SECRET: randomBytes(20).toString('hex'),
        CANYON_QUEUE: queue,
        // The demo is about the extension: without it, say so instead of falling back to HTTP.
        CANYON_TRANSPORT: 'extension',
        CANYON_SERVER_HOST: '127.0.0.1',
        CANYON_SERVER_PORT: String(socketPort),
        CANYON_HOST: '127.0.0.1',
        CANYON_PORT: String(socketPort),
        CANYON_SCHEME: 'http',
    }

    return { env, url, queue, serverUrl: `http://127.0.0.1:${socketPort}`, php: process.env.PHP84, fpm: process.env.PHP84_FPM }
}

export function fpmConfiguration(home, logs) {
    const isRoot = process.getuid?.() === 0
    return `[global]
daemonize = no
error_log = ${join(logs, 'php-fpm.log')}

[demo]
${isRoot ? 'user = root\ngroup = root' : ''}
listen = ${join(home, 'fpm.sock')}
pm = static
pm.max_children = 4
clear_env = no
catch_workers_output = yes
decorate_workers_output = no
php_admin_value[display_errors] = off
php_admin_value[error_log] = ${join(logs, 'php.log')}
`
}

function isDirectory(path) {
    return existsSync(path) && statSync(path).isDirectory()
}
