// Asks for all channels that a page subscribes to at one time in one request, where pusher-js sends one for each.
// See php/docs/batched-auth.md.

/** For the option `authorizer` of Laravel Echo and of pusher-js: takes endpoint, headers and parameters from them. */
export function batchedAuthorizer(options = {}) {
    const batches = new Batches(options)
    return (channel, { authEndpoint, auth = {} }) => ({
        authorize(socketId, callback) {
            const request = { endpoint: beside(authEndpoint), headers: auth.headers, params: auth.params }
            batches.add(request, socketId, channel.name, (error, data) => {
                if (error) refuse(channel, error, callback)
                else callback(null, data)
            })
        },
    })
}

/** For the option `channelAuthorization` of pusher-js: knows what `options` say, and the CSRF token of the page. */
export function batchedChannelAuthorization(options = {}) {
    const batches = new Batches(options)
    const request = { endpoint: '/broadcasting/auth/batch' }
    return {
        customHandler({ socketId, channelName }, callback) {
            batches.add(request, socketId, channelName, callback)
        },
    }
}

/** Channels wait here until the code that subscribes to them has run to its end. */
class Batches {
    #options
    #waiting = new Map()

    constructor(options) {
        this.#options = { limit: 100, credentials: 'same-origin', ...options }
    }

    add(request, socketId, channelName, callback) {
        const endpoint = this.#options.endpoint ?? request.endpoint
        const key = `${socketId} ${endpoint}`
        if (!this.#waiting.has(key)) {
            this.#waiting.set(key, new Map())
            queueMicrotask(() => {
                const callbacks = this.#waiting.get(key)
                this.#waiting.delete(key)
                for (const part of chunks([...callbacks], this.#options.limit)) {
                    this.#send({ ...request, endpoint }, socketId, new Map(part))
                }
            })
        }
        const callbacks = this.#waiting.get(key)
        callbacks.set(channelName, [...(callbacks.get(channelName) ?? []), callback])
    }

    async #send(request, socketId, callbacks) {
        const answer = await this.#ask(request, socketId, [...callbacks.keys()])
        for (const [channelName, waiting] of callbacks) {
            const [error, data] = answer(channelName)
            for (const callback of waiting) isolated(() => callback(error, data))
        }
    }

    /** A function that has the answer for a channel: an error, or what signs its subscription. */
    async #ask({ endpoint, headers, params }, socketId, channelNames) {
        let status
        try {
            const response = await (this.#options.fetch ?? fetch)(endpoint, {
                method: 'POST',
                credentials: this.#options.credentials,
                headers: {
                    Accept: 'application/json',
                    'Content-Type': 'application/x-www-form-urlencoded',
                    ...csrfToken(),
                    ...headers,
                    ...current(this.#options.headers),
                },
                body: form(socketId, channelNames, { ...params, ...current(this.#options.params) }),
            })
            status = response.status
            if (!response.ok) throw new Error(`the status is ${status}`)
            const { channels } = await response.json()
            return (channelName) => outcome(channels?.[channelName])
        } catch (why) {
            const error = failure(`Unable to retrieve the auth strings of ${channelNames.length} channel(s) from ${endpoint}: ${why.message}`, status)
            return () => [error, null]
        }
    }
}

function outcome(answer) {
    if (typeof answer?.auth === 'string') return [null, answer]
    return [failure(answer?.message ?? 'The answer does not tell of this channel', answer?.status ?? 200), null]
}

function failure(message, status) {
    return Object.assign(new Error(message), status === undefined ? {} : { status })
}

/** Passes an error on. pusher-js tells the status only of errors of a class that it keeps to itself: it is added here. */
function refuse(channel, error, callback) {
    const { emit } = channel
    const isPatched = Object.hasOwn(channel, 'emit')
    channel.emit = (event, data, ...rest) => {
        const isRefusal = event === 'pusher:subscription_error' && error.status !== undefined
        return emit.call(channel, event, isRefusal ? { ...data, status: error.status } : data, ...rest)
    }
    try {
        callback(error, null)
    } finally {
        if (isPatched) channel.emit = emit
        else delete channel.emit
    }
}

/** An exception of one callback is reported like any other, and costs the others nothing. */
function isolated(action) {
    try {
        action()
    } catch (error) {
        setTimeout(() => { throw error })
    }
}

/** `/broadcasting/auth` → `/broadcasting/auth/batch`. */
function beside(endpoint) {
    const [, path, query] = /^([^?]*?)\/*(\?.*)?$/s.exec(endpoint)
    return `${path}/batch${query ?? ''}`
}

function form(socketId, channelNames, params) {
    const fields = [...Object.entries(params), ['socket_id', socketId], ...channelNames.map((name) => ['channel_name[]', name])]
    return new URLSearchParams(fields).toString()
}

/** What Echo sends, too; read when it is needed, since a page may renew it. */
function csrfToken() {
    const token = globalThis.Laravel?.csrfToken ?? globalThis.document?.querySelector?.('meta[name="csrf-token"]')?.content
    return token ? { 'X-CSRF-TOKEN': token } : {}
}

function current(value) {
    return typeof value === 'function' ? value() : value
}

function chunks(list, size) {
    return Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size))
}
