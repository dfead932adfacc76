// The application beside the server: authorizes clients over HTTP, receives webhooks, serves pages.

import http from 'node:http'
import { once } from 'node:events'

import { PusherServer } from './packages.mjs'
import { until } from '../../support/until.mjs'

export const MASTER_KEY = Buffer.alloc(32, 'master key').toString('base64')

export class Backend {
    /** Requests for authorization, oldest first: { url, headers, fields }. */
    authorizations = []
    /** Deliveries of webhooks, oldest first: { path, headers, body, status }. */
    deliveries = []
    #pages = new Map()
    #refusals = []
    #apps
    #server = http.createServer((request, response) => this.#answer(request, response))

    static async start() {
        const backend = new Backend()
        backend.#server.listen(0, '127.0.0.1')
        await once(backend.#server, 'listening')
        return backend
    }

    get url() { return `http://127.0.0.1:${this.#server.address().port}` }

    /** From now on clients of these apps are authorized. */
    knows(apps) { this.#apps = apps }

    /** Serves a document under `path`. */
    serves(path, type, content) { this.#pages.set(path, { type, content }) }

    /** Answers the next delivery to `path` with a status that is no success. */
    refusesNext(path, status) { this.#refusals.push({ path, status }) }

    /** The events delivered to a path about a channel, oldest first: { event, delivery }. */
    told(path, channel) {
        return this.deliveries.filter((delivery) => delivery.path === path && delivery.status === 200)
            .flatMap((delivery) => JSON.parse(delivery.body).events.map((event) => ({ event, delivery })))
            .filter(({ event }) => event.channel === channel)
    }

    /** Waits for a delivered event of a name about a channel. */
    async delivered(path, channel, name) {
        return until(`the webhook ${name}`, () => this.told(path, channel).find(({ event }) => event.name === name))
    }

    async close() {
        this.#server.closeAllConnections()
        this.#server.close()
        await once(this.#server, 'close')
    }

    async #answer(request, response) {
        const chunks = []
        for await (const chunk of request) chunks.push(chunk)
        const body = Buffer.concat(chunks).toString()
        const { pathname } = new URL(request.url, this.url)
        const [, kind, name, action] = pathname.split('/')
        if (kind === 'webhooks') {
            const refusal = this.#refusals.findIndex(({ path }) => path === pathname)
            const status = refusal < 0 ? 200 : this.#refusals.splice(refusal, 1)[0].status
            this.deliveries.push({ path: pathname, headers: request.headers, body, status })
            response.writeHead(status).end()
        } else if (kind === 'broadcasting' && request.headers['x-csrf-token']) {
            this.#authorizePage(name, Object.fromEntries(new URLSearchParams(body)), response)
        } else if (kind === 'auth' && this.#apps[name]) {
            const parameters = new URLSearchParams(body)
            const fields = Object.fromEntries(parameters)
            const channels = parameters.getAll('channel_name[]')
            this.authorizations.push({ url: request.url, headers: request.headers, fields, channels })
            if (channels.length) this.#authorizeBatch(this.#apps[name], channels, fields, response)
            else this.#authorize(this.#apps[name], action, fields, response)
        } else if (this.#pages.has(pathname)) {
            const { type, content } = this.#pages.get(pathname)
            response.writeHead(200, { 'Content-Type': type }).end(content)
        } else {
            response.writeHead(404).end()
        }
    }

    /** The paths and answers of a Laravel application, in which Ada is signed in and may do everything. */
    #authorizePage(action, { socket_id: socketId, channel_name: channel }, response) {
        const library = serverLibrary(this.#apps.main)
        const ada = { id: 31, name: 'Ada' }
        const answer = action === 'user-auth'
            ? library.authenticateUser(socketId, { id: '31', user_info: ada })
            : library.authorizeChannel(socketId, channel, channel.startsWith('presence-') ? { user_id: '31', user_info: ada } : undefined)
        answerJson(response, 200, answer)
    }

    /** The client itself says who it is, in the fields `member` and `user`: these tests are about the server. */
    #authorize(app, action, fields, response) {
        const library = serverLibrary(app)
        if (fields.refuse) return answerJson(response, 403, { message: 'Forbidden' })
        if (action === 'user') return answerJson(response, 200, library.authenticateUser(fields.socket_id, JSON.parse(fields.user)))
        return answerJson(response, 200, authorizeChannel(library, fields.channel_name, fields))
    }

    /** The same for many channels; forbidden are those that are called so, and those called forgotten are left out. */
    #authorizeBatch(app, names, fields, response) {
        if (fields.refuse) return answerJson(response, Number(fields.refuse), { message: 'Unauthenticated.' })
        const library = serverLibrary(app)
        const answer = (name) => name.includes('forbidden') ? { status: 403, message: 'Forbidden' } : authorizeChannel(library, name, fields)
        const channels = names.filter((name) => !name.includes('forgotten')).map((name) => [name, answer(name)])
        return answerJson(response, 200, { channels: Object.fromEntries(channels) })
    }
}

function authorizeChannel(library, name, { socket_id: socketId, member }) {
    return library.authorizeChannel(socketId, name, member && !name.startsWith('private-encrypted-') ? JSON.parse(member) : undefined)
}

function answerJson(response, status, value) {
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value))
}

/** Pusher's library for Node with the keys of an app. */
export function serverLibrary(app, options = {}) {
    const { id: appId, key, secret } = app
    return new PusherServer({ appId, key, secret, encryptionMasterKeyBase64: MASTER_KEY, ...options })
}
