// Pusher's library for Python, in a process of its own.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

import { MASTER_KEY } from './backend.mjs'
import { within } from '../../support/until.mjs'

const script = fileURLToPath(new URL('../api/library.py', import.meta.url))

export class PythonLibrary {
    #child
    #lines
    #errors = ''

    constructor({ id, key, secret }, { host, port }) {
        // -B: no cache of compiled files in the tree.
        this.#child = spawn(process.env.PYTHON, ['-B', script], { stdio: ['pipe', 'pipe', 'pipe'] })
        this.#child.stderr.setEncoding('utf8').on('data', (text) => { this.#errors += text })
        // It may be gone when something is written; the answer that does not come says so.
        this.#child.stdin.on('error', () => {})
        this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
        this.#write({ app_id: id, key, secret, ssl: false, host, port, timeout: 10, encryption_master_key_base64: MASTER_KEY })
    }

    /** Calls a method; a last argument of the form { kwargs } are its named arguments. Resolves to the answer. */
    async call(method, ...args) {
        const kwargs = args.at(-1)?.kwargs ? args.pop().kwargs : {}
        this.#write({ method, args, kwargs })
        const { value, done } = await within(`Python's ${method}`, this.#lines.next())
        if (done) throw new Error(`Python ended:\n${this.#errors}`)
        return JSON.parse(value)
    }

    /** Calls a method that must succeed. */
    async result(method, ...args) {
        const { result, error, message } = await this.call(method, ...args)
        if (error) throw new Error(`${method} raised ${error}: ${message}`)
        return result
    }

    close() { this.#child.kill() }

    #write(value) { this.#child.stdin.write(`${JSON.stringify(value)}\n`) }
}
