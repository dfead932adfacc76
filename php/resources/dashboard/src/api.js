// Requests to the application, as JSON.

import { settings } from './settings.js'

/** What the application says no with: `status`, a message for people, and `errors` by field if it is about those. */
export class Refusal extends Error {
    constructor(message, status, { errors = {}, unreachable = false } = {}) {
        super(message)
        this.status = status
        this.errors = errors
        this.unreachable = unreachable
    }
}

export function get(path, parameters = {}) {
    const given = Object.entries(parameters).filter(([, value]) => value !== '' && value !== null && value !== undefined)
    const query = new URLSearchParams(given).toString()
    return request('GET', query ? `${path}?${query}` : path)
}

export function post(path, body) {
    return request('POST', path, body)
}

async function request(method, path, body) {
    const headers = { Accept: 'application/json', 'X-Requested-With': 'XMLHttpRequest' }
    if (body !== undefined) headers['Content-Type'] = 'application/json'
    if (settings.token) headers['X-CSRF-TOKEN'] = settings.token

    const response = await fetch(`${settings.base}/api/${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) })
        .catch(() => { throw new Refusal('The application does not answer.', 0) })
    const data = await response.json().catch(() => ({}))
    if (response.ok) return data

    throw new Refusal(messageOf(response.status, data), response.status, data)
}

function messageOf(status, data) {
    if (status === 419) return 'The session has ended: load the page again.'
    if (status === 401) return 'You are signed out: sign in, and load the page again.'
    return data.message || `The application answered with status ${status}.`
}
