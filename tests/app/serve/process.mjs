// Child processes that cannot be left behind: each leads a process group of its own, which is signalled as a whole.

import { spawn } from 'node:child_process'
import { openSync, closeSync, readFileSync } from 'node:fs'

/** A child process whose output goes to a log file. */
export class Service {
    #child
    #ended

    constructor(name, command, args, { env, log }) {
        this.name = name
        this.log = log
        const output = openSync(log, 'a')
        // Its own group: Ctrl-C in the terminal reaches only the demo, which then stops the services in order.
        this.#child = spawn(command, args, { env, detached: true, stdio: ['ignore', output, output] })
        closeSync(output)
        this.#ended = new Promise((resolve) => {
            this.#child.on('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `ended with exit code ${code}`))
            this.#child.on('error', (error) => resolve(`could not be started: ${error.message}`))
        })
        this.#ended.then((reason) => { this.reason = reason })
    }

    get pid() { return this.#child.pid }

    /** Resolves to the reason when the process has ended. */
    get ended() { return this.#ended }

    /** Ends the process and everything it started: SIGTERM first, SIGKILL for what is still there after `grace` ms. */
    async stop(grace = 5000) {
        if (!this.pid) return
        signalGroup(this.pid, 'SIGTERM')
        const timer = setTimeout(() => signalGroup(this.pid, 'SIGKILL'), grace)
        await this.#ended
        await until(() => !groupLives(this.pid), grace).catch(() => signalGroup(this.pid, 'SIGKILL'))
        clearTimeout(timer)
    }

    /** The last lines of the log, for an error message. */
    tail(lines = 12) {
        return readFileSync(this.log, 'utf8').trimEnd().split('\n').slice(-lines).map((line) => `    ${line}`).join('\n')
    }
}

function signalGroup(pid, signal) {
    try {
        process.kill(-pid, signal)
    } catch (error) {
        if (error.code !== 'ESRCH') throw error
    }
}

function groupLives(pid) {
    try {
        process.kill(-pid, 0)
        return true
    } catch {
        return false
    }
}

/** Waits until `condition` returns something true; fails after `limit` ms with the last error it threw, if any. */
export async function until(condition, limit, what = 'condition') {
    const deadline = Date.now() + limit
    let failure
    do {
        try {
            const result = await condition()
            if (result) return result
            failure = undefined
        } catch (error) {
            failure = error
        }
        await new Promise((resolve) => setTimeout(resolve, 25))
    } while (Date.now() < deadline)
    throw new Error(`waited ${limit} ms for ${what}${failure ? `: ${failure.message}` : ''}`)
}
