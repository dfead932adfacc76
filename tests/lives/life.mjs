// What one test gets: a folder, a queue, a server with a client that counts, the means to run PHP; and the account at the end.

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { request } from '../app/serve/fastcgi.mjs'
import { until, within } from '../support/until.mjs'
import { subscribe } from './ledger.mjs'
import { PATIENCE, Program } from './programs.mjs'

const APP = { id: 'lives', key: 'lives-key', secret: 'lives-secret' }
const HERE = path.dirname(fileURLToPath(import.meta.url))
const MEMORY = fs.existsSync('/dev/shm') ? '/dev/shm' : '/tmp'

/** What stands in a queue directory that nobody publishes into. */
const AT_REST = ['consumer.lock', 'control']

const directories = new Set()
process.on('exit', () => directories.forEach((directory) => fs.rmSync(directory, { recursive: true, force: true })))

export class Life {
    #programs = []
    #server
    #client

    /** `tools` names the programs: { php, phpFpm, extension, server, version }. */
    constructor(tools) {
        this.tools = tools
        this.directory = fs.mkdtempSync(path.join(MEMORY, 'canyon-lives-'))
        // Other users have to find the queue in it, and the scripts: the source tree may be closed to them.
        fs.chmodSync(this.directory, 0o755)
        fs.cpSync(path.join(HERE, 'php'), this.path('php'), { recursive: true })
        this.queue = this.path('queue')
        this.app = APP
        directories.add(this.directory)
    }

    path(name) { return path.join(this.directory, name) }

    /** The path of one of the PHP files. */
    script(name) { return this.path(`php/${name}`) }

    write(name, text, mode = 0o644) {
        fs.writeFileSync(this.path(name), text, { mode })
        return this.path(name)
    }

    /** Runs a program that ends with the test. */
    run(name, command, args, options) {
        const program = new Program(name, command, args, options)
        this.#programs.push(program)
        return program
    }

    /** Runs a PHP script of ours with the extension; `prefix` is a command that runs it, `ini` goes before php.ini. */
    php(script, args = [], { ini = {}, env = {}, prefix = [], ...options } = {}) {
        const settings = Object.entries(ini).flatMap(([name, value]) => ['-d', `${name}=${value}`])
        const [command, ...rest] = [...prefix, this.tools.php, ...settings, this.script(script), ...args]
        return this.run(`php ${script}`, command, rest, { env: this.environment(env), ...options })
    }

    environment(more = {}) {
        return { CANYON_EXTENSION: this.tools.extension, QUEUE: this.queue, APP: APP.id, ...more }
    }

    /**
     * Starts the server on a free port and subscribes to what comes. `settings` are lines of its configuration; it can be
     * reloaded if it has a `parent`.
     */
    async serve({ settings = [], queue = this.queue, prefix = [], parent = false, ...options } = {}) {
        const config = this.write('canyon.toml', [
            'listen = ["127.0.0.1:0"]',
            `queue = ${JSON.stringify(queue)}`,
            ...settings,
            '[[app]]',
            ...Object.entries(APP).map(([key, value]) => `${key} = ${JSON.stringify(value)}`),
        ].join('\n') + '\n')
        const [command, ...args] = [...prefix, this.tools.server, 'serve', ...(parent ? [] : ['--no-parent']), '--config', config]
        this.#server = this.run('canyon serve', command, args, options)
        const [, address] = await this.#server.says(/^listening on (?:\w+:\/\/)?([^\s,]+)/m)
        this.#client = await within('the client to subscribe', subscribe(address, APP.key), PATIENCE)
        return this.#server
    }

    get ledger() { return this.#client.ledger }

    /**
     * Sends one request to a php-fpm that listens on `socket`; resolves to what request.php answers. Where it sees another
     * root directory, `script` and `queue` are the paths it knows.
     */
    async ask(socket, { script = this.script('request.php'), ...asked }) {
        const query = new URLSearchParams({ queue: this.queue, app: APP.id, ...asked })
        const answer = await request(socket, {
            REQUEST_METHOD: 'GET',
            SCRIPT_FILENAME: script,
            SCRIPT_NAME: '/request.php',
            SERVER_PROTOCOL: 'HTTP/1.1',
            QUERY_STRING: String(query),
        }, Buffer.alloc(0))
        const body = `${answer.body}${answer.errors}`
        if (answer.status !== 200 || !body.startsWith('{"pid"')) throw new Error(`status ${answer.status}: ${body}`)
        return JSON.parse(body)
    }

    /** The files of publishers in the queue directory. */
    get leftBehind() { return fs.readdirSync(this.queue).filter((name) => !AT_REST.includes(name)) }

    /**
     * Waits until the client has so many events of each series.
     *
     * A number says how many there are; { least } that more may come, from a process that was killed. No other series may
     * have come.
     */
    async received(expected) {
        const wanted = Object.entries(expected).map(([series, count]) => [series, count.least ?? count])
        const missing = () => wanted.filter(([series, count]) => this.ledger.count(series) < count)
        await until('all events', () => missing().length === 0, PATIENCE).catch(() => {
            const list = missing().map(([series, count]) => `${series}: ${this.ledger.count(series)} of ${count}`)
            throw new Error(`events are missing: ${list.slice(0, 8).join(', ')}`)
        })
    }

    /** Waits until no publisher has a file in the queue directory. */
    async atRest() {
        await until('the queue directory to be at rest', () => this.leftBehind.length === 0, PATIENCE).catch(() => {
            throw new Error(`left behind in the queue directory: ${this.leftBehind.join(' ')}`)
        })
    }

    /**
     * Closes the account: exactly these events came, each once and in order; once all publishers are gone the queue directory
     * is at rest; the server ends as told.
     */
    async settle(expected) {
        await this.received(expected)
        await this.atRest()
        assert.deepEqual(fs.readdirSync(this.queue).sort(), AT_REST)
        // Every ring was drained to its end and removed: what came twice or too much is in the ledger by now.
        const surplus = this.ledger.series.filter((series) =>
            expected[series] === undefined || (typeof expected[series] === 'number' && this.ledger.count(series) > expected[series]))
        assert.deepEqual(surplus, [], 'series that nobody published, or of which more came than were published')
        assert.deepEqual(this.ledger.faults, [])

        // All of them: an unshare before it passes no signal on.
        this.#server.signalGroup('SIGTERM')
        assert.equal(await this.#server.end(), 0, this.#server.output)
        assert.equal(await within('the client to be closed', this.#client.closed), 4200)
        assert.doesNotMatch(this.#server.output, /panicked/)
        for (const program of this.#programs) assert.ok(program.hasEnded && !program.groupLives, `${program.name} still runs`)
    }

    /** What the programs said, for the description of a failure. */
    describe() {
        const tail = (text) => text.trimEnd().split('\n').slice(-12).join('\n  ')
        return this.#programs.filter(({ output }) => output).map(({ name, output }) => `${name}:\n  ${tail(output)}`).join('\n')
    }

    async end() {
        await Promise.all(this.#programs.map((program) => program.remove()))
        fs.rmSync(this.directory, { recursive: true, force: true })
        directories.delete(this.directory)
    }
}
