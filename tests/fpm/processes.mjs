// Starts the two programs of the churn test and makes sure that none outlives it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'

// SIGTERM, not SIGKILL: a php-fpm master that is killed leaves its workers behind.
const running = new Set()
process.on('exit', () => running.forEach((child) => child.kill('SIGTERM')))

function start(name, command, args, options) {
    const child = spawn(command, args, options)
    running.add(child)
    child.ended = new Promise((resolve) => {
        child.on('error', (error) => resolve(`${name} did not start: ${error.message}`))
        child.on('exit', (code, signal) => resolve(signal ?? code))
    }).finally(() => running.delete(child))
    return child
}

/** Sends a signal and resolves to the exit code (or the signal that ended the process). */
export async function stop(child, signal, milliseconds) {
    child.kill(signal)
    const late = setTimeout(() => child.kill('SIGKILL'), milliseconds)
    const result = await child.ended
    clearTimeout(late)
    return result
}

/** Starts `canyon serve` on a free port; resolves to the process with its `address`. */
export async function startServer({ program, directory, queue, app }) {
    const config = path.join(directory, 'canyon.toml')
    const log = fs.openSync(path.join(directory, 'canyon.log'), 'w')
    fs.writeFileSync(
        config,
        [
            'listen = ["127.0.0.1:0"]',
            `queue = ${JSON.stringify(queue)}`,
            '[[app]]',
            ...Object.entries(app).map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
        ].join('\n') + '\n',
        { mode: 0o600 },
    )
    const server = start('canyon', program, ['serve', '--config', config], { stdio: ['ignore', 'pipe', log] })
    let output = ''
    server.stdout.setEncoding('utf8')
    for (;;) {
        const ended = await Promise.race([once(server.stdout, 'data').then(([text]) => void (output += text)), server.ended])
        if (ended !== undefined) {
            throw new Error(`canyon serve ended (${ended}) before it was ready:\n${fs.readFileSync(path.join(directory, 'canyon.log'), 'utf8')}`)
        }
        const address = /^listening on ([^\s,]+)/m.exec(output)?.[1]
        if (address) return Object.assign(server, { address: address.replace(/^.*:\/\//, '') })
    }
}

/** Starts php-fpm with a static pool whose workers end after `maxRequests` requests. */
export async function startFpm({ program, extension, directory, workers, maxRequests }) {
    const socket = path.join(directory, 'fpm.sock')
    const config = path.join(directory, 'fpm.conf')
    const log = path.join(directory, 'fpm.log')
    const root = process.getuid() === 0
    fs.writeFileSync(
        config,
        `[global]
error_log = ${log}
daemonize = no
process_control_timeout = 10s
[churn]
${root ? 'user = root\ngroup = root' : ''}
listen = ${socket}
pm = static
pm.max_children = ${workers}
pm.max_requests = ${maxRequests}
php_admin_flag[display_errors] = on
`,
    )
    const fpm = start('php-fpm', program, ['--nodaemonize', ...(root ? ['--allow-to-run-as-root'] : []), '--fpm-config', config], {
        stdio: ['ignore', 'inherit', 'ignore'],
        env: { ...process.env, CANYON_EXTENSION: extension },
    })
    let ended
    fpm.ended.then((result) => (ended = result))
    while (!fs.existsSync(socket)) {
        if (ended !== undefined) {
            throw new Error(`php-fpm ended (${ended}) before it was ready:\n${fs.existsSync(log) ? fs.readFileSync(log, 'utf8') : ''}`)
        }
        await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return Object.assign(fpm, { socket, log })
}
