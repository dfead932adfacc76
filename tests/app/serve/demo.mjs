// Starts the demo (database, Canyon server, php-fpm, front server), watches over it, and stops it on Ctrl-C or SIGTERM.

import { once } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'

import { appRoot, createSettings, ensureEverythingIsThere, fpmConfiguration } from './settings.mjs'
import { createFront } from './front.mjs'
import { Service, until } from './process.mjs'

const HELP = `Usage: tests/app/demo [options]

  --port N           port of the web pages (default: 8000, or a free one; 0 = any free one)
  --ws-port N        port of the Canyon server (default: 8080, or a free one; 0 = any free one)
  --ready-file FILE  write URLs, process ids and paths to FILE, as JSON, when everything runs
`

// A server that dies this often within a minute will not get better by another start.
const MAX_RESTARTS = 5

class DemoError extends Error {}

const { values: options } = parseArgs({
    options: {
        help: { type: 'boolean' },
        port: { type: 'string' },
        'ws-port': { type: 'string' },
        'ready-file': { type: 'string' },
    },
})
if (options.help) {
    process.stdout.write(HELP)
    process.exit(0)
}

// Whoever reads along may go away (`demo | head`); that is no reason to leave everything running.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

const bold = process.stdout.isTTY ? (text) => `\x1b[1m${text}\x1b[0m` : (text) => text
const say = (text = '') => process.stdout.write(`${text}\n`)

const stopRequested = new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => resolve(signal))
})

const home = mkdtempSync(join(tmpdir(), 'canyon-demo-'))
const logs = join(home, 'logs')
mkdirSync(logs)

const cleanups = []
let stopping = false
let failed = false
try {
    await Promise.race([run(), stopRequested])
} catch (error) {
    failed = true
    process.stderr.write(`\n${error instanceof DemoError ? error.message : error.stack}\n`)
} finally {
    stopping = true
    if (!failed) say('\nStopping …')
    for (const cleanup of cleanups.reverse()) await cleanup()
}

if (failed) {
    process.stderr.write(`\nThe demo has stopped. Its logs are in ${logs}\n`)
} else {
    rmSync(home, { recursive: true, force: true })
    say('Stopped.')
}
process.exit(failed ? 1 : 0)

async function run() {
    ensureEverythingIsThere((message) => { throw new DemoError(message) })

    const front = createFront({ root: join(appRoot, 'public'), socket: join(home, 'fpm.sock'), log: logger('front.log') })
    const settings = createSettings({
        home,
        port: await listen(front, options.port ?? process.env.CANYON_DEMO_PORT, 8000),
        socketPort: await freePort(options['ws-port'] ?? process.env.CANYON_DEMO_WS_PORT, 8080),
    })
    cleanups.push(() => rmSync(settings.queue, { recursive: true, force: true }))

    say('Filling the database …')
    await artisan(settings, ['migrate', '--seed', '--force'])

    say('Starting php-fpm and the Canyon server …')
    const fpm = startFpm(settings)
    let canyon = startCanyon(settings)
    await healthy(canyon, `${settings.serverUrl}/up`)
    await healthy(fpm, settings.url)

    announce(settings, { fpm, canyon })

    for (const restarts = []; ;) {
        const [service, reason] = await Promise.race([fpm, canyon].map((service) => service.ended.then((why) => [service, why])))
        if (stopping) return

        restarts.push(Date.now())
        const recent = restarts.filter((time) => time > Date.now() - 60_000).length
        if (service !== canyon || recent > MAX_RESTARTS) {
            throw new DemoError(`${service.name} ${reason}. The end of ${service.log}:\n${service.tail()}`)
        }

        say(`The Canyon server ${reason}; starting it again, the pages reconnect by themselves.`)
        canyon = startCanyon(settings)
        await healthy(canyon, `${settings.serverUrl}/up`)
        writeReadyFile(settings, { fpm, canyon })
        say(`The Canyon server is back (process ${canyon.pid}).`)
    }
}

function startFpm(settings) {
    const file = join(home, 'php-fpm.conf')
    writeFileSync(file, fpmConfiguration(home, logs))
    // php-fpm refuses to serve as root unless told so; in a container there is often nobody else.
    const asRoot = process.getuid?.() === 0 ? ['--allow-to-run-as-root'] : []
    return start('php-fpm', settings.fpm, ['--nodaemonize', '--fpm-config', file, ...asRoot], settings)
}

function startCanyon(settings) {
    return start('canyon', settings.php, [join(appRoot, 'artisan'), 'canyon:start', '--no-ansi'], settings)
}

function start(name, command, args, settings) {
    // `run` may still be under way when a signal has come: what it starts now, nobody would stop.
    if (stopping) throw new DemoError(`${name} is not started any more.`)
    const service = new Service(name, command, args, { env: settings.env, log: join(logs, `${name}.log`) })
    cleanups.push(() => service.stop())
    return service
}

async function artisan(settings, args) {
    const service = start(`artisan-${args[0]}`, settings.php, [join(appRoot, 'artisan'), ...args, '--no-ansi'], settings)
    const reason = await service.ended
    if (reason !== 'ended with exit code 0') {
        throw new DemoError(`artisan ${args[0]} ${reason}:\n${service.tail()}`)
    }
}

async function healthy(service, url) {
    let last = 'no answer'
    await until(async () => {
        if (service.reason) return true
        const response = await fetch(url, { signal: AbortSignal.timeout(5000) })
        if (response.ok) return true
        last = `${response.status} from ${url}`
        return false
    }, 20_000).catch((error) => {
        throw new DemoError(`${service.name} runs but is not healthy (${last}; ${error.message}). The end of ${service.log}:\n${service.tail()}`)
    })
    if (service.reason) {
        throw new DemoError(`${service.name} ${service.reason}. The end of ${service.log}:\n${service.tail()}`)
    }
}

function announce(settings, services) {
    writeReadyFile(settings, services)
    say(`
${bold('The Canyon demo is running.')}

  Inventory   ${bold(`${settings.url}/`)}
  Chat room   ${bold(`${settings.url}/chat`)}
  Server      ${bold(`${settings.url}/server`)}
  Dashboard   ${bold(`${settings.url}/canyon`)}

  Try:  open a page in two windows, side by side. Change a stock in one: the other follows.
        In the chat, be Ada in one window and Grace in the other; then enter "Crew" as Mallory.
        kill -9 ${services.canyon.pid} ends the Canyon server: it is started again, and the pages reconnect.

  Canyon server   ${settings.serverUrl}   (php artisan canyon:start, process ${services.canyon.pid})
  Logs            ${logs}

Press Ctrl-C to stop everything.`)
}

function writeReadyFile(settings, { fpm, canyon }) {
    const file = options['ready-file']
    if (!file) return
    const ready = {
        url: settings.url,
        server_url: settings.serverUrl,
        pids: { demo: process.pid, fpm: fpm.pid, canyon: canyon.pid },
        home,
        logs,
        queue: settings.queue,
    }
    // Renamed into place, so that whoever waits for it never reads half of it.
    writeFileSync(`${file}.${process.pid}`, JSON.stringify(ready, null, 2))
    renameSync(`${file}.${process.pid}`, file)
    if (!cleanups.some((cleanup) => cleanup.name === 'removeReadyFile')) {
        cleanups.push(function removeReadyFile() { rmSync(file, { force: true }) })
    }
}

function logger(name) {
    const file = join(logs, basename(name))
    return (line) => writeFileSync(file, `${new Date().toISOString()} ${line}\n`, { flag: 'a' })
}

/** Listens on the wanted port; on the usual one, or any free one if that is taken, when none is wanted. */
async function listen(server, wanted, usual) {
    const attempts = wanted === undefined ? [usual, 0] : [parsePort(wanted)]
    for (const port of attempts) {
        server.listen(port, '127.0.0.1')
        const error = await Promise.race([once(server, 'listening').then(() => null), once(server, 'error').then(([error]) => error)])
            .catch((error) => error)
        if (!error) {
            cleanups.push(() => { server.closeAllConnections?.(); server.close() })
            return server.address().port
        }
        if (error.code !== 'EADDRINUSE') throw new DemoError(`Cannot listen on 127.0.0.1:${port}: ${error.message}`)
    }
    throw new DemoError(`Port ${wanted} of 127.0.0.1 is in use; choose another one, or leave it out to get a free one.`)
}

/** A port that is free now; the Canyon server takes it a moment later. */
async function freePort(wanted, usual) {
    const probe = createServer()
    const port = await listen(probe, wanted, usual)
    probe.close()
    return port
}

function parsePort(text) {
    const port = Number(text)
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw new DemoError(`[${text}] is not a port.`)
    return port
}
