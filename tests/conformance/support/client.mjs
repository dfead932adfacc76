// pusher-js, with a memory of what it emitted.

import { PusherClient } from './packages.mjs'
import { until, within } from '../../support/until.mjs'

export class Client {
    /** Every message as pusher-js decoded it: { event, channel, data, user_id }. */
    messages = []
    /** Every state the connection entered. */
    states = []
    /** Every error that pusher-js emitted on the connection. */
    errors = []

    constructor(key, options) {
        this.pusher = new PusherClient(key, options)
        this.pusher.connection.bind('message', (message) => this.messages.push(message))
        this.pusher.connection.bind('state_change', ({ current }) => this.states.push(current))
        this.pusher.connection.bind('error', (error) => this.errors.push(error))
    }

    get socketId() { return this.pusher.connection.socket_id }

    async connected() {
        await until('pusher-js to connect', () => this.pusher.connection.state === 'connected')
        return this
    }

    /** Subscribes and waits for the server's consent; resolves to the channel. */
    async subscribe(name) {
        const channel = this.pusher.subscribe(name)
        await this.subscribed(channel)
        return channel
    }

    async subscribed(channel) {
        const refusal = (error) => { this.refusal = error }
        channel.bind('pusher:subscription_error', refusal)
        await until(`${channel.name} to be subscribed`, () => {
            if (this.refusal) throw new Error(`${channel.name} was refused: ${JSON.stringify(this.refusal)}`)
            return channel.subscribed
        })
        channel.unbind('pusher:subscription_error', refusal)
    }

    /** The messages of an event, on one channel if one is named. */
    received(event, channel) {
        return this.messages.filter((one) => one.event === event && (channel === undefined || one.channel === channel))
    }

    /** Waits for a message of the event for which `matches` holds, in everything received since the beginning. */
    async message(event, matches = () => true) {
        return until(`${event}`, () => this.messages.find((one) => one.event === event && matches(one)))
    }

    /** Waits for the `pusher:error` whose text fits. */
    async error(pattern) {
        const { data } = await this.message('pusher:error', (one) => pattern.test(one.data.message))
        return data
    }

    close() { this.pusher.disconnect() }
}

/** The next time that `emitter` emits `event`: resolves to what the callback got. */
export function next(emitter, event) {
    return within(event, new Promise((resolve) => {
        const callback = (...values) => {
            emitter.unbind(event, callback)
            resolve(values)
        }
        emitter.bind(event, callback)
    }))
}
