// Child processes that cannot be left behind: each leads a process group of its own, which is signalled as a whole when the
// test ends, and at the latest when this process does.

import { spawn } from 'node:child_process'

import { until, within } from '../support/until.mjs'

/** How long anything may take that should happen soon. Generous: it is there to end a test that hangs, not to time it. */
export const PATIENCE = 30_000

const running = new Set()
process.on('exit', () => running.forEach((program) => program.signalGroup('SIGKILL')))

/** A running program, its output, and everything it started. */
export class Program {
    output = ''
    #child
    #result

    constructor(name, command, args, { env = {}, ...options } = {}) {
        this.name = name
        this.#child = spawn(command, args, {
            ...options,
            env: { ...process.env, ...env },
            detached: true,
            stdio: ['pipe', 'pipe', 'pipe'],
        })
        running.add(this)
        for (const stream of [this.#child.stdout, this.#child.stderr]) {
            stream.setEncoding('utf8').on('data', (text) => { this.output += text })
        }
        // A program that ended does not read what it is told.
        this.#child.stdin.on('error', () => {})
        /** Resolves to the exit code, or to the name of the signal that ended the program. */
        this.ended = new Promise((resolve) => {
            this.#child.on('error', (error) => resolve(error.message))
            this.#child.on('close', (code, signal) => resolve(signal ?? code))
        }).then((result) => (this.#result = result))
    }

    get pid() { return this.#child.pid }

    get hasEnded() { return this.#result !== undefined }

    tell(line) { this.#child.stdin.write(`${line}\n`) }

    /** Closes its input. */
    hangUp() { this.#child.stdin.end() }

    signal(signal) { this.#child.kill(signal) }

    signalGroup(signal) {
        if (!this.pid) return
        try {
            process.kill(-this.pid, signal)
        } catch (error) {
            if (error.code !== 'ESRCH') throw error
        }
    }

    /** Whether the program or anything that it started still runs. */
    get groupLives() {
        try {
            process.kill(-this.pid, 0)
            return true
        } catch {
            return false
        }
    }

    /** Waits until its output matches, and returns the match. */
    async says(pattern) {
        return until(`${this.name} to say ${pattern}`, () => {
            const match = pattern.exec(this.output)
            if (!match && this.hasEnded) throw new Error(`${this.name} ended (${this.#result}) without saying ${pattern}: ${this.output}`)
            return match
        }, PATIENCE)
    }

    /** Waits for its end and returns the exit code or signal. Everything that it started has to end as well. */
    async end() {
        const result = await within(`${this.name} to end; it said: ${this.output}`, this.ended, PATIENCE)
        await until(`everything that ${this.name} started to end`, () => !this.groupLives, PATIENCE)
        running.delete(this)
        return result
    }

    /** Ends what is still there of it. */
    async remove() {
        if (this.groupLives) this.signalGroup('SIGKILL')
        await this.end()
    }
}
