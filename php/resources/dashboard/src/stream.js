// The events that went through the server lately.

import { createStore } from './store.js'

const KEPT = 500

/** `events`: the newest first; `omitted`: how many of the last second were too many to be told. */
export const stream = createStore({ events: [], omitted: 0, total: 0 })

/** What events carried, by their IDs. */
export const payloads = createStore(new Map())

export function addEvents({ events, omitted = 0 }) {
    stream.set((before) => ({
        events: [...events.toReversed(), ...before.events].slice(0, KEPT),
        omitted,
        total: before.total + events.length + omitted,
    }))
}

export function addPayloads({ payloads: added }) {
    payloads.set((before) => new Map([...before, ...added.map((payload) => [payload.id, payload])].slice(-KEPT)))
}
