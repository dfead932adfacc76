// A `canyon serve` process with a configuration file of its own.

import { execFile, spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'

import { toToml } from './apps.mjs'
import { Proxy } from './proxy.mjs'
import { within } from '../../support/until.mjs'

const running = new Set()
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')))

export class Server {
    /** The kind of proxy that stands before every server, if one does. */
    static behind

    #directory = fs.mkdtempSync(path.join(os.tmpdir(), 'canyon-conformance-'))
    #settings
    #apps
    #child
    #port
    #proxy

    /** `settings` are those at the top of the file; `apps` as of describeApps. */
    static async start(apps, settings = {}) {
        const server = new Server()
        server.#apps = apps
        server.#settings = { listen: ['127.0.0.1:0'], queue: path.join(server.#directory, 'queue'), workers: 2, ...settings }
        try {
            await server.launch()
        } catch (error) {
            await server.close()
            throw error
        }
        return server
    }

    get host() { return '127.0.0.1' }

    /** Where clients connect. */
    get port() { return this.#proxy?.port ?? this.#port }

    get queue() { return this.#settings.queue }

    get log() { return fs.readFileSync(this.#logFile, 'utf8') }

    get #config() { return path.join(this.#directory, 'canyon.toml') }

    get #logFile() { return path.join(this.#directory, 'canyon.log') }

    /** Starts the process, on the same port as before if there was one. */
    async launch() {
        const config = this.#config
        if (this.#port) this.#settings.listen = [`127.0.0.1:${this.#port}`]
        fs.writeFileSync(config, toToml(this.#settings, this.#apps), { mode: 0o600 })
        const log = fs.openSync(this.#logFile, 'a')
        const child = spawn(process.env.CANYON_BIN, ['serve', '--config', config], { stdio: ['ignore', 'pipe', log], env: {} })
        fs.closeSync(log)
        this.#child = child
        running.add(child)
        child.ended = new Promise((resolve) => {
            child.on('error', (error) => resolve(error.message))
            child.on('exit', (code, signal) => resolve(signal ?? code))
        }).finally(() => running.delete(child))

        const ready = new Promise((resolve) => {
            let output = ''
            child.stdout.setEncoding('utf8').on('data', (text) => {
                output += text
                const address = /^listening on (\S+):(\d+)/m.exec(output)
                if (address) resolve(Number(address[2]))
            })
        })
        const early = child.ended.then((result) => {
            throw new Error(`canyon serve ended (${result}) before it was ready:\n${this.log}`)
        })
        early.catch(() => {})
        this.#port = await within('the server to listen', Promise.race([ready, early]))
        if (Server.behind) this.#proxy ??= await Proxy.start(Server.behind, this.#apps, this.#settings.path_prefix ?? '', this.#port)
    }

    /** Has a successor take over; resolves to what `canyon reload` says. */
    async reload() {
        const { stdout } = await promisify(execFile)(process.env.CANYON_BIN, ['reload', '--config', this.#config], { env: {} })
        return stdout.trimEnd()
    }

    /** Ends the process; resolves to its exit code, or the signal that ended it. */
    async end(signal = 'SIGTERM') {
        this.#child.kill(signal)
        return within('the server to end', this.#child.ended)
    }

    /** Ends the process if it runs, and removes its files. */
    async close() {
        await this.#proxy?.close()
        if (running.has(this.#child)) await this.end().catch(() => this.#child.kill('SIGKILL'))
        fs.rmSync(this.#directory, { recursive: true, force: true })
    }
}
