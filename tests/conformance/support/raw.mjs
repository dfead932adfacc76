// Frames and requests without any library of the protocol in between.

import assert from 'node:assert/strict'
import { createHash, createHmac } from 'node:crypto'
import http from 'node:http'
import net from 'node:net'

import { WebSocket } from './packages.mjs'
import { until, within } from '../../support/until.mjs'

export class RawClient {
    /** The text of every frame, oldest first. */
    texts = []
    #read = 0
    #socket

    constructor(url, options) {
        this.#socket = new WebSocket(url, options)
        this.#socket.on('message', (data, binary) => this.texts.push(binary ? data : data.toString()))
        this.ended = new Promise((resolve) => {
            this.#socket.on('close', (code, reason) => {
                this.end = { code, reason: reason.toString() }
                resolve(this.end)
            })
            this.#socket.on('error', (error) => { this.failure = error })
        })
        this.#socket.on('pong', () => { this.pongs = (this.pongs ?? 0) + 1 })
    }

    get isOpen() { return this.#socket.readyState === WebSocket.OPEN }

    /** Reads the first frame, which must be the greeting. */
    async greeted() {
        const { event, data } = JSON.parse(await this.text())
        assert.equal(event, 'pusher:connection_established')
        this.socketId = JSON.parse(data).socket_id
        return this
    }

    /** The text of the next frame that was not read yet. */
    async text() {
        await until('a frame', () => {
            if (this.texts.length > this.#read) return true
            if (this.failure) throw this.failure
            if (this.end) throw new Error(`expected a frame; the server closed: ${JSON.stringify(this.end)}`)
        })
        return this.texts[this.#read++]
    }

    async frame() { return JSON.parse(await this.text()) }

    /** Reads on until a frame of the event, and returns it. */
    async event(name) {
        for (;;) {
            const frame = await this.frame()
            if (frame.event === name) return frame
        }
    }

    /** Everything that came before the answer to a ping sent now. */
    async untilPong() {
        this.send({ event: 'pusher:ping', data: {} })
        for (const frames = []; ; ) {
            const frame = await this.frame()
            if (frame.event === 'pusher:pong') return frames
            frames.push(frame)
        }
    }

    send(message) { this.#socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message)) }

    subscribe(channel, more = {}) { this.send({ event: 'pusher:subscribe', data: { channel, ...more } }) }

    ping() { this.#socket.ping() }

    /** How the server closed: { code, reason }. */
    async closed() { return within('the connection to be closed', this.ended) }

    close() { this.#socket.terminate() }
}

export const hmac = (secret, text) => createHmac('sha256', secret).update(text).digest('hex')

/** The `auth` of a subscription. */
export function channelAuth({ key, secret }, socketId, channel, channelData) {
    return `${key}:${hmac(secret, [socketId, channel, channelData].filter((part) => part !== undefined).join(':'))}`
}

/** The `auth` of a sign-in. */
export function userAuth({ key, secret }, socketId, userData) {
    return `${key}:${hmac(secret, `${socketId}::user::${userData}`)}`
}

/**
 * Path and query of a signed request. `query` are further parameters; those of the signature can be replaced there,
 * or left out with `undefined`.
 */
export function signedTarget(app, method, path, { body = '', query = {}, secret = app.secret } = {}) {
    const parameters = {
        auth_key: app.key,
        auth_timestamp: Math.floor(Date.now() / 1000),
        auth_version: '1.0',
        ...(body === '' ? {} : { body_md5: createHash('md5').update(body).digest('hex') }),
        ...query,
    }
    const pairs = Object.entries(parameters).filter(([, value]) => value !== undefined).sort(([a], [b]) => (a < b ? -1 : 1))
    const signature = hmac(secret, `${method}\n${path}\n${pairs.map(([key, value]) => `${key}=${value}`).join('&')}`)
    return `${path}?${[...pairs, ['auth_signature', signature]].map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&')}`
}

/** Sends a request; resolves to { status, headers, body }. */
export function request({ host, port, socketPath }, method, target, { body, headers, agent } = {}) {
    return within(`${method} ${target}`, new Promise((resolve, reject) => {
        // Node would send the body of a GET without saying how long it is.
        const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }
        const outgoing = http.request({ host, port, socketPath, method, path: target, headers: { ...length, ...headers }, agent }, async (response) => {
            const chunks = []
            for await (const chunk of response) chunks.push(chunk)
            resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).toString() })
        })
        outgoing.on('error', reject)
        outgoing.end(body)
    }))
}

/** Sends bytes and reads until the server closes. */
export function exchange({ host, port }, bytes) {
    return within('the server to close', new Promise((resolve, reject) => {
        const chunks = []
        const socket = net.connect(port, host, () => socket.write(bytes))
        socket.on('data', (chunk) => chunks.push(chunk))
        socket.on('error', reject)
        socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
    }))
}
