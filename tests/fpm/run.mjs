// Publishes from plain php-fpm workers while they are recycled, and counts at a WebSocket
// client: nothing missing, nothing twice, everything in order, no file left behind.
//
//   node tests/fpm/run.mjs PHP-FPM LIBCANYON.SO     (see tests/setup/env.sh)

import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { request } from '../app/serve/fastcgi.mjs'
import { startFpm, startServer, stop } from './processes.mjs'

const WORKERS = 4
const LANES = 4
const MAX_REQUESTS = 20
const REQUESTS = 2600
const EVENTS_PER_REQUEST = 10
const EVENTS = REQUESTS * EVENTS_PER_REQUEST
const LEAST_WORKERS = 100
const TIME_LIMIT = 80_000
const APP = { id: 'churn', key: 'churn-key', secret: 'churn-secret' }
const SCRIPT = path.join(path.dirname(fileURLToPath(import.meta.url)), 'publish.php')

const [fpmProgram, extension] = process.argv.slice(2)
const serverProgram = process.env.CANYON_BIN
for (const [what, file] of Object.entries({ 'php-fpm': fpmProgram, 'the extension': extension, 'CANYON_BIN': serverProgram })) {
    if (!file || !fs.existsSync(file)) {
        console.error(`${what} is missing (${file ?? 'not named'}): run make test-fpm`)
        process.exit(2)
    }
}
const { subscribe } = await import('./subscriber.mjs')

let passed = 0
let failed = 0
function check(sentence, holds, detail = '') {
    holds ? passed++ : failed++
    console.log(`${holds ? 'ok' : 'FAILED'}: ${sentence}${holds || !detail ? '' : `\n  ${detail}`}`)
}

// When time is up no further request is made, and the checks say what is missing.
const deadline = Date.now() + TIME_LIMIT
const timeIsUp = () => Date.now() > deadline

const memory = fs.existsSync('/dev/shm') ? '/dev/shm' : '/tmp'
const directory = fs.mkdtempSync(path.join(memory, 'canyon-fpm-'))
process.on('exit', () => fs.rmSync(directory, { recursive: true, force: true }))
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(130))
const queue = path.join(directory, 'queue')
const perPublisherFiles = () => fs.readdirSync(queue).filter((name) => /ring|spill|new/.test(name))

async function publishEverything(fpm) {
    const answers = []
    const errors = []
    let next = 0
    let mostFiles = 0
    const lane = async (number) => {
        while (next < REQUESTS && errors.length === 0 && !timeIsUp()) {
            const answer = await request(fpm.socket, {
                REQUEST_METHOD: 'GET',
                SCRIPT_FILENAME: SCRIPT,
                SCRIPT_NAME: '/publish.php',
                SERVER_PROTOCOL: 'HTTP/1.1',
                CHURN_QUEUE: queue,
                CHURN_APP: APP.id,
                CHURN_LANE: number,
                CHURN_REQUEST: next++,
                CHURN_EVENTS: EVENTS_PER_REQUEST,
            }, Buffer.alloc(0))
            const [status, body] = [answer.status, answer.body + answer.errors]
            if (status !== 200 || !body.startsWith('{"pid"')) errors.push(`status ${status}: ${body}`)
            else answers.push(JSON.parse(body))
            mostFiles = Math.max(mostFiles, perPublisherFiles().length)
        }
    }
    await Promise.all(Array.from({ length: LANES }, (_, number) => lane(number).catch((error) => errors.push(error.message))))
    return { answers, errors, mostFiles }
}

function missingEvents(ledger) {
    const missing = []
    for (let index = 0; index < REQUESTS; index++) {
        for (let number = 0; number < EVENTS_PER_REQUEST; number++) {
            if (!ledger.has(index, number)) missing.push(`${index}/${number}`)
        }
    }
    return missing
}

const excerpt = (list) => `${list.length} in all: ${list.slice(0, 5).join('; ')}`
const until = async (condition, milliseconds) => {
    for (const end = Date.now() + milliseconds; !condition() && Date.now() < end; ) await sleep(20)
}

async function main() {
    const server = await startServer({ program: serverProgram, directory, queue, app: APP })
    const { ledger, closed } = await subscribe(server.address, APP.key)
    const fpm = await startFpm({ program: fpmProgram, extension, directory, workers: WORKERS, maxRequests: MAX_REQUESTS })

    const started = Date.now()
    const { answers, errors, mostFiles } = await publishEverything(fpm)
    const published = answers.reduce((sum, answer) => sum + answer.published, 0)
    const workers = new Set(answers.map((answer) => answer.pid)).size
    const retries = answers.reduce((sum, answer) => sum + answer.retries, 0)
    await until(() => ledger.received >= published, 30_000)
    console.log(
        `${published} events from ${workers} workers in ${Date.now() - started} ms; ` +
            `at most ${mostFiles} rings at once; full ring met ${retries} times`,
    )

    check(`every request of ${REQUESTS} was answered`, errors.length === 0 && answers.length === REQUESTS, excerpt(errors))
    check(`${EVENTS} events were published`, published === EVENTS, `${published} were`)
    check(`at least ${LEAST_WORKERS} workers came and went`, workers >= LEAST_WORKERS, `there were ${workers}`)
    check('the client heard from every worker', ledger.workers === workers, `from ${ledger.workers} of ${workers}`)
    const missing = missingEvents(ledger)
    check('no event is missing', missing.length === 0, `${excerpt(missing)}\n${tail('canyon.log')}\n${tail('fpm.log')}`)
    check('each publisher had its file', mostFiles >= 1, 'no ring was ever seen in the queue directory')

    check('php-fpm ends in good order', (await stop(fpm, 'SIGQUIT', 20_000)) === 0, tail('fpm.log'))
    await until(() => perPublisherFiles().length === 0, 15_000)
    check('no ring, spill or new file is left behind', perPublisherFiles().length === 0, perPublisherFiles().join(' '))

    // Everything there was has long been delivered: a duplicate would be in the ledger by now.
    check('published equals received', published > 0 && ledger.received === published, `${published} published, ${ledger.received} received`)
    check('none came twice, torn or out of order', ledger.faults.length === 0, excerpt(ledger.faults))
    check('the server ends with exit code 0 on SIGTERM', (await stop(server, 'SIGTERM', 10_000)) === 0, tail('canyon.log'))
    check('the client was closed with 4200', (await closed) === 4200, `with ${await closed}`)
}

function tail(name) {
    const file = path.join(directory, name)
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n').slice(-15).join('\n  ') : ''
}

setTimeout(() => {
    console.log(`FAILED: did not end within ${(2 * TIME_LIMIT) / 1000} s\n  ${tail('canyon.log')}\n  ${tail('fpm.log')}`)
    console.log(`${passed} passed, ${failed + 1} failed`)
    process.exit(1)
}, 2 * TIME_LIMIT).unref()

try {
    await main()
} catch (error) {
    check('the test ran to its end', false, `${error.stack}\n  ${tail('canyon.log')}\n  ${tail('fpm.log')}`)
}
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
