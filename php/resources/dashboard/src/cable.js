// A connection that shows all that goes over it: what a Pusher client does, without the client.

import { post } from './api.js'
import { address, webSocketUrl } from './settings.js'

const GUARDED = /^(private|presence)-/

/** Calls `onFrame({ way: 'in'|'out'|'note', text, time_ms })` for all that happens, and `onChange` when `state` or `channels` did. */
export class Cable {
    state = 'closed'
    socketId = null
    /** What became of each subscription, by channel: { state, reason }. */
    channels = new Map()
    #socket = null

    constructor({ user, guard, onFrame, onChange }) {
        this.user = user
        this.guard = guard
        this.onFrame = onFrame
        this.onChange = onChange
    }

    open() {
        const url = `${webSocketUrl()}/app/${encodeURIComponent(address().key)}?protocol=7&client=canyon-dashboard&version=1.0.0`
        this.#note(`connecting to ${url}`)
        this.#become('connecting')
        this.#socket = new WebSocket(url)
        this.#socket.onmessage = ({ data }) => this.#receive(data)
        this.#socket.onclose = ({ code, reason }) => {
            this.#note(`closed with code ${code}${reason ? `: ${reason}` : ''}`)
            this.socketId = null
            this.channels = new Map()
            this.#become('closed')
        }
    }

    close() {
        this.#socket?.close()
    }

    /** Leaves without a word more: the view is gone. */
    abandon() {
        if (this.#socket) this.#socket.onclose = this.#socket.onmessage = null
        this.close()
    }

    async subscribe(channel) {
        this.#mark(channel, 'pending')
        let auth = {}
        if (GUARDED.test(channel)) {
            try {
                auth = await post('debugger/auth', { user: this.user, guard: this.guard, socket_id: this.socketId, channel_name: channel })
            } catch (error) {
                this.#note(`the application refused ${channel} with status ${error.status}: ${error.message}`)
                this.#mark(channel, 'refused', `${error.status}: ${error.message}`)
                return
            }
            this.#note(`the application authorized ${channel}${auth.channel_data ? ` with ${auth.channel_data}` : ''}`)
        }
        this.#send({ event: 'pusher:subscribe', data: { channel, auth: auth.auth, channel_data: auth.channel_data } })
    }

    unsubscribe(channel) {
        if (this.channels.get(channel)?.state === 'subscribed') this.#send({ event: 'pusher:unsubscribe', data: { channel } })
        this.channels.delete(channel)
        this.onChange()
    }

    #receive(text) {
        this.#show('in', text)
        const { event, channel, data } = JSON.parse(text)
        if (event === 'pusher:connection_established') {
            this.socketId = JSON.parse(data).socket_id
            this.#become('open')
        } else if (event === 'pusher_internal:subscription_succeeded') {
            this.#mark(channel, 'subscribed')
        } else if (event === 'pusher:subscription_error') {
            const { status, error } = typeof data === 'string' ? JSON.parse(data) : data
            this.#mark(channel, 'refused', [status, error].filter(Boolean).join(': '))
        } else if (event === 'pusher:ping') {
            this.#send({ event: 'pusher:pong', data: {} })
        }
    }

    #send(message) {
        const text = JSON.stringify(message)
        this.#show('out', text)
        this.#socket.send(text)
    }

    #mark(channel, state, reason = null) {
        this.channels.set(channel, { state, reason })
        this.onChange()
    }

    #become(state) {
        this.state = state
        this.onChange()
    }

    #note(text) { this.#show('note', text) }

    #show(way, text) { this.onFrame({ way, text, time_ms: Date.now() }) }
}
