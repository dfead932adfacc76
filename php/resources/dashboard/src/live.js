// The connection to the server: everything that changes by itself comes through here.

import Pusher from 'pusher-js'

import { get, post, Refusal } from './api.js'
import { addSample, figures, loadHistory } from './figures.js'
import { addRefusals, loadRefusals } from './refusals.js'
import { addEvents, addPayloads } from './stream.js'
import { createStore } from './store.js'
import { address, settings } from './settings.js'

const RETRY_MS = 3000

/**
 * `state`: connecting, live or lost; `server`: what the application hears from it, once it was asked: up, down, refusing, or that the
 * application itself is silent or wants no more of us (session); `problem`: why the page is not live, if known.
 */
export const link = createStore({ state: 'connecting', server: 'unknown', problem: null, wasLive: false })

/** The busiest channels of the last second by name. */
export const busy = createStore(new Map())

/** Who is asked besides the figures: version and start of the server. */
export const server = createStore(null)

const { tls, host, port, path, key } = address()
const pusher = new Pusher(key, {
    cluster: '',
    wsHost: host,
    wsPort: port,
    wssPort: port,
    wsPath: path,
    forceTLS: tls,
    enabledTransports: [tls ? 'wss' : 'ws'],
    enableStats: false,
    // The tab of a sleeping laptop shall notice soon.
    activityTimeout: 10_000,
    pongTimeout: 5000,
    channelAuthorization: { customHandler: authorize },
})

function authorize({ socketId, channelName }, done) {
    post('auth', { socket_id: socketId, channel_name: channelName })
        .then((answer) => done(null, answer))
        .catch((error) => done(error, null))
}

function lose() {
    const { state, wasLive } = link.get()
    link.merge({ state: wasLive ? 'lost' : 'connecting' })
    // Is it the way that is gone, or the server?
    if (state === 'live') refresh()
}

pusher.connection.bind('state_change', ({ current }) => current !== 'connected' && lose())
// A lost connection keeps the state "connected" until the first new attempt.
pusher.connection.bind('connecting_in', lose)
pusher.connection.bind('error', ({ data } = {}) => {
    if (data?.message) link.merge({ problem: data.message })
})

const channel = pusher.subscribe(settings.channels.dashboard)
channel.bind('pusher:subscription_succeeded', () => {
    link.set((before) => ({ ...before, state: 'live', wasLive: true, problem: null }))
    // What was missed, and the very first time what was before.
    refresh()
})
channel.bind('pusher:subscription_error', (error) => {
    link.merge({ problem: error?.error ?? 'The application did not let this page look on.' })
    window.setTimeout(() => pusher.connection.state === 'connected' && !channel.subscribed && channel.subscribe(), RETRY_MS)
})
channel.bind('canyon.sample', ({ busiest, ...sample }) => {
    addSample(sample)
    busy.set(new Map(busiest.map((one) => [one.name, one])))
    if (link.get().server !== 'up') link.merge({ server: 'up' })
})
channel.bind('canyon.events', addEvents)
channel.bind('canyon.refusals', ({ refusals }) => addRefusals(refusals))

/** Asks for payloads as long as somebody wants them; returns what ends that. */
export function watchPayloads() {
    if (!settings.payloads) return () => {}
    pusher.subscribe(settings.channels.payloads).bind('canyon.payloads', addPayloads)
    return () => pusher.unsubscribe(settings.channels.payloads)
}

async function refresh() {
    try {
        await loadHistory()
        const top = await get('top', { limit: 20 })
        loadRefusals(top.refusals ?? [])
        server.set({ version: top.version, startedAt: Date.now() - top.uptime_ms })
        comeBack()
    } catch (error) {
        if (!(error instanceof Refusal)) throw error
        link.merge({ server: faultOf(error), problem: error.message })
    }
}

/** The server answers. If it did not before, it is not waited for until pusher-js tries again, which may be 15 seconds. */
function comeBack() {
    const { server: before } = link.get()
    if (before === 'up') return
    link.merge({ server: 'up', problem: null })
    if (before !== 'unknown' && pusher.connection.state !== 'connected') {
        pusher.disconnect()
        pusher.connect()
    }
}

function faultOf({ status, unreachable }) {
    if (status === 0) return 'silent'
    if (status === 503) return unreachable ? 'down' : 'refusing'
    return 'session'
}

// Without a connection of its own, the page asks the application.
window.setInterval(() => {
    if (link.get().state !== 'live' && !document.hidden) refresh()
}, RETRY_MS)

// Whoever comes back to a lost page does not want to wait for the next attempt.
document.addEventListener('visibilitychange', () => {
    if (!document.hidden && link.get().state !== 'live') pusher.connect()
})

refresh()
