// The last ten minutes of the server, second by second.

import { get } from './api.js'
import { createStore } from './store.js'

export const KEPT_MS = 600_000

/** `samples` are objects by the names of the server's fields, the oldest first. */
export const figures = createStore({ samples: [], workers: 0, loaded: false })

/** Loads what the server has kept. */
export async function loadHistory() {
    const { fields, samples, workers } = await get('history', { seconds: 600 })
    const rows = samples.map((row) => Object.fromEntries(fields.map((field, index) => [field, row[index]])))
    figures.set({ samples: rows, workers, loaded: true })
}

/** Adds a second that the server told of. */
export function addSample(sample) {
    figures.set(({ samples, workers }) => {
        const last = samples.at(-1)
        if (last && sample.time_ms <= last.time_ms) return { samples, workers, loaded: true }
        const start = sample.time_ms - KEPT_MS
        const kept = samples.filter(({ time_ms }) => time_ms > start)
        return { samples: [...kept, sample], workers: sample.worker_load?.length ?? workers, loaded: true }
    })
}

/** The sum of some fields of a sample; null if none of them is known. */
export function sum(sample, ...fields) {
    const known = fields.map((field) => sample[field]).filter((value) => typeof value === 'number')
    return known.length === 0 ? null : known.reduce((total, value) => total + value, 0)
}

export const eventsIn = (sample) => sum(sample, 'events_from_queue', 'events_from_http', 'events_from_clients')
export const lost = (sample) => sum(sample, 'dropped', 'slow_clients_closed')

/** The samples of the last `seconds`. */
export function recent(samples, seconds) {
    const last = samples.at(-1)
    return last ? samples.filter(({ time_ms }) => time_ms > last.time_ms - seconds * 1000) : []
}
