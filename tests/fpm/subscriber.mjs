// A WebSocket client that keeps the books: which event came, how often, in which order.

import { createRequire } from 'node:module'

const require = createRequire(`${process.env.NODE_PATH}/`)
const WebSocket = require('ws')

/** Connects, subscribes to the public channel `churn`, and resolves once the server says so. */
export function subscribe(address, key) {
    return new Promise((resolve, reject) => {
        const socket = new WebSocket(`ws://${address}/app/${key}?protocol=7&client=churn&version=1.0.0&flash=false`)
        const ledger = new Ledger()
        const closed = new Promise((done) => socket.on('close', (code) => done(code)))
        socket.on('error', reject)
        closed.then((code) => reject(new Error(`the server closed the connection with ${code} before the subscription`)))
        socket.on('message', (bytes) => {
            const message = JSON.parse(bytes)
            const send = (event, data) => socket.send(JSON.stringify({ event, data }))
            switch (message.event) {
                case 'pusher:connection_established':
                    return send('pusher:subscribe', { channel: 'churn' })
                case 'pusher_internal:subscription_succeeded':
                    return resolve({ ledger, closed, socket })
                case 'pusher:ping':
                    return send('pusher:pong', {})
                case 'churned':
                    return ledger.enter(message)
                default:
                    ledger.fault(`unexpected message ${bytes}`)
            }
        })
    })
}

class Ledger {
    received = 0
    faults = []
    #seen = new Set()
    #lastOfWorker = new Map()
    #lastOfLane = new Map()

    get workers() {
        return this.#lastOfWorker.size
    }

    has(request, number) {
        return this.#seen.has(`${request}/${number}`)
    }

    fault(message) {
        this.faults.push(message)
    }

    enter(message) {
        if (message.channel !== 'churn' || typeof message.data !== 'string') {
            return this.fault(`wrong channel, or data that is not a string: ${JSON.stringify(message)}`)
        }
        const event = JSON.parse(message.data)
        const name = `${event.request}/${event.number}`
        this.received++
        if (this.#seen.has(name)) this.fault(`event ${name} came twice`)
        this.#seen.add(name)
        if (event.filler.length !== (event.request * 31 + event.number * 7) % 400) {
            this.fault(`event ${name} came with a wrong payload`)
        }
        this.#checkOrder(this.#lastOfWorker, event.pid, event, `worker ${event.pid}`)
        this.#checkOrder(this.#lastOfLane, event.lane, event, `lane ${event.lane}`)
    }

    // A worker publishes its events one after the other. A lane sends its next request, to
    // whichever worker, only when the one before is answered: there the order between
    // processes is fixed as well.
    #checkOrder(last, key, event, whose) {
        const clock = BigInt(event.clock)
        const before = last.get(key)
        if (before && before.clock > clock) {
            this.fault(`${whose}: event ${event.request}/${event.number} came after ${before.name}, which was published later`)
        }
        last.set(key, { clock, name: `${event.request}/${event.number}` })
    }
}
