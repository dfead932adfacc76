// Starts the demo as `make demo` does, and finds whatever it may leave behind.

import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { until } from '../support/until.mjs'

const SCRIPT = join(dirname(fileURLToPath(import.meta.url)), '../app/demo')
const START_LIMIT = 60_000

export class Demo {
    static #all = new Set()

    #directory = mkdtempSync(join(tmpdir(), 'canyon-browser-'))
    #child
    #marker
    output = ''
    exit = null

    constructor({ args = ['--port', '0', '--ws-port', '0'], env = {} } = {}) {
        // Inherited by everything the demo starts: how its processes are recognised later.
        this.#marker = `CANYON_TEST_RUN=${this.#directory}`
        // A process group of its own, as a terminal gives it: interrupt() signals all of it, as Ctrl-C does.
        this.#child = spawn(SCRIPT, [...args, '--ready-file', this.#readyFile], {
            detached: true,
            // A demo that fails keeps its logs: in here, where kill() removes them.
            env: { ...process.env, ...env, CANYON_TEST_RUN: this.#directory, TMPDIR: this.#directory },
            stdio: ['ignore', 'pipe', 'pipe'],
        })
        for (const stream of [this.#child.stdout, this.#child.stderr]) {
            stream.setEncoding('utf8').on('data', (text) => { this.output += text })
        }
        Demo.#all.add(this)
        this.ended = new Promise((resolve) => this.#child.on('close', (code, signal) => {
            this.exit = signal ?? code
            resolve(this.exit)
        }))
    }

    /** Ends every demo that was started and not ended. */
    static async killAll() {
        await Promise.all([...Demo.#all].map((demo) => demo.kill()))
    }

    get #readyFile() { return join(this.#directory, 'ready.json') }

    /** What the demo says about itself: URLs, process ids, paths. */
    get facts() { return JSON.parse(readFileSync(this.#readyFile, 'utf8')) }

    get url() { return this.facts.url }

    async ready() {
        await until('the demo to run', () => {
            if (this.exit !== null) throw new Error(`the demo ended with ${this.exit}:\n${this.output}`)
            return existsSync(this.#readyFile)
        }, START_LIMIT)
    }

    /** Ctrl-C: the signal goes to the whole foreground process group. */
    interrupt() {
        process.kill(-this.#child.pid, 'SIGINT')
    }

    /** SIGTERM to the demo alone, as a process manager sends it. */
    terminate() {
        process.kill(this.#child.pid, 'SIGTERM')
    }

    /** The processes of this demo that are alive: whoever carries its marker in the environment. */
    processes() {
        const alive = []
        for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
            try {
                if (readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(this.#marker)) {
                    alive.push(`${pid} ${readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim()}`)
                }
            } catch {
                // It ended between the listing and the reading, or belongs to somebody else.
            }
        }
        return alive
    }

    /** Ends the demo whatever state it is in, and with force what an orderly stop has left. */
    async kill() {
        if (this.exit === null) {
            this.terminate()
            await Promise.race([this.ended, new Promise((resolve) => setTimeout(resolve, 8000).unref())])
        }
        for (const line of this.processes()) {
            try {
                process.kill(parseInt(line, 10), 'SIGKILL')
            } catch {
                // Already gone.
            }
        }
        rmSync(this.#directory, { recursive: true, force: true })
        Demo.#all.delete(this)
    }
}
