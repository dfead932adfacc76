// A WebSocket client that keeps the books: which event of which series came, how often, in which order.

import { createRequire } from 'node:module'

const require = createRequire(`${process.env.NODE_PATH}/`)
const WebSocket = require('ws')

/** Connects, subscribes to the public channel `lives`, and resolves once the server says so. */
export function subscribe(address, key) {
    return new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://${address}/app/${key}?protocol=7&client=lives&version=1.0.0&flash=false`)
        const ledger = new Ledger()
        const closed = new Promise((done) => socket.on('close', (code) => done(code)))
        socket.on('error', reject)
        closed.then((code) => reject(new Error(`the server closed the connection with ${code} before the subscription`)))
        socket.on('message', (bytes) => {
            const message = JSON.parse(bytes)
            const send = (event, data) => socket.send(JSON.stringify({ event, data }))
            switch (message.event) {
                case 'pusher:connection_established':
                    return send('pusher:subscribe', { channel: 'lives' })
                case 'pusher_internal:subscription_succeeded':
                    return resolve({ ledger, closed, socket })
                case 'pusher:ping':
                    return send('pusher:pong', {})
                case 'lived':
                    return ledger.enter(message)
                default:
                    ledger.fault(`unexpected message ${bytes}`)
            }
        })
    })
}

/**
 * Events come in series: numbers from 0, published one after the other, by one process or by several that take turns. So a
 * series shows by itself what is missing, what came twice, and what came out of order.
 */
export class Ledger {
    faults = []
    #next = new Map()
    #lastOf = { process: new Map(), lane: new Map() }

    get received() { return [...this.#next.values()].reduce((sum, count) => sum + count, 0) }

    /** How many processes have published. */
    get processes() { return this.#lastOf.process.size }

    get series() { return [...this.#next.keys()] }

    /** How many events of a series have come. */
    count(series) { return this.#next.get(series) ?? 0 }

    fault(message) { this.faults.push(message) }

    enter(message) {
        if (message.channel !== 'lives' || typeof message.data !== 'string') {
            return this.fault(`wrong channel, or data that is not a string: ${JSON.stringify(message)}`)
        }
        const event = JSON.parse(message.data)
        const name = `${event.series}/${event.number}`
        const expected = this.count(event.series)
        if (event.number !== expected) this.fault(`event ${name} came instead of number ${expected}`)
        this.#next.set(event.series, Math.max(expected, event.number + 1))
        if (event.filler.length !== (event.series.length * 31 + event.number * 7) % 400) {
            this.fault(`event ${name} came with a wrong payload`)
        }
        this.#checkOrder('process', event.process, event, name)
        if (event.lane) this.#checkOrder('lane', event.lane, event, name)
    }

    // A process publishes its events one after the other. A lane sends its next request, to whichever process, only when the
    // one before is answered: there the order between processes is fixed as well.
    #checkOrder(kind, whose, { clock: text }, name) {
        const last = this.#lastOf[kind]
        const clock = BigInt(text)
        const before = last.get(whose)
        if (before && before.clock > clock) {
            this.fault(`${kind} ${whose}: event ${name} came after ${before.name}, which was published later`)
        }
        last.set(whose, { clock, name })
    }
}
