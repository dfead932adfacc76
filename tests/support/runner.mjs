// Runs tests, counts them, and can be told to stop.

const TEST_LIMIT = 45_000

/** Thrown by a test that cannot be run here; the message says why. */
export class Skip extends Error {}

export class Runner {
    #passed = 0
    #failed = 0
    #skipped = 0
    #stopped = false
    #stop

    constructor() {
        // A runner that is told to stop ends the test in hand, runs no other, and cleans up as always.
        this.#stop = new Promise((_, reject) => {
            for (const signal of ['SIGINT', 'SIGTERM']) {
                process.on(signal, () => {
                    this.#stopped = true
                    reject(new Error(`stopped by ${signal}`))
                })
            }
        })
        this.#stop.catch(() => {})

        // What a test that was given up still waits for fails when its clients close; anything else is a mistake to be seen.
        process.on('unhandledRejection', (error) => this.#stopped || this.fail('an error that no test waited for', error))
    }

    get stopped() { return this.#stopped }

    /** How many tests failed so far. */
    get failed() { return this.#failed }

    /** The value of `promise`, unless the runner is told to stop before. */
    unlessStopped(promise) { return Promise.race([promise, this.#stop]) }

    /**
     * Runs one test, then `end`, whatever became of the test. `describe` adds to what is said of a failure; it comes before
     * `end`. A text that the test returns is printed with its name.
     */
    async run(title, test, { end = async () => {}, describe = async () => '' } = {}) {
        if (this.#stopped) return
        const started = Date.now()
        let timer
        let problem
        let note
        let more = ''
        try {
            const limit = new Promise((_, reject) => {
                timer = setTimeout(() => reject(new Error(`not finished after ${TEST_LIMIT} ms`)), TEST_LIMIT)
            })
            note = await this.unlessStopped(Promise.race([test(), limit]))
        } catch (error) {
            problem = error
            more = await describe()
        }
        clearTimeout(timer)
        await end().catch((error) => { problem ??= error })
        if (problem instanceof Skip) {
            this.#skipped++
            console.log(`skipped ${title}: ${problem.message}`)
        } else if (problem) {
            this.fail(title, problem, more)
        } else {
            this.#passed++
            console.log(`ok      ${title} (${Date.now() - started} ms${typeof note === 'string' ? `; ${note}` : ''})`)
        }
    }

    fail(title, error, more = '') {
        this.#failed++
        const text = `${error.stack ?? error}${more ? `\n${more}` : ''}`
        console.log(`FAILED  ${title}\n${text.replace(/^/gm, '        ')}`)
    }

    /** Prints the counts and ends the process. */
    finish() {
        const skipped = this.#skipped === 0 ? '' : `, ${this.#skipped} skipped`
        console.log(`${this.#passed} passed, ${this.#failed} failed${skipped}`)
        process.exit(this.#failed === 0 && this.#passed > 0 && !this.#stopped ? 0 : 1)
    }
}
