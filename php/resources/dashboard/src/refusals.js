// What the server refused, and what to do about it.

import { createStore } from './store.js'

const KEPT = 200

/** The newest first. */
export const refusals = createStore([])

export function loadRefusals(list) {
    refusals.set(list.toReversed())
}

/** Adds some; one that goes on is counted up where it stands. */
export function addRefusals(list) {
    const ids = new Set(list.map(({ id }) => id))
    refusals.set((before) => [...list.toReversed(), ...before.filter(({ id }) => !ids.has(id))].slice(0, KEPT))
}

// The first that fits. Reasons are matched by words that the server uses, codes by what they mean in the protocol.
const HINTS = [
    [({ why }) => /signature|key:signature/i.test(why), 'Does the application sign with the secret of this server? Compare CANYON_APP_KEY and CANYON_APP_SECRET, and run php artisan canyon:doctor.'],
    [({ why }) => /private-canyon-/.test(why), 'These channels belong to the dashboard: nobody else speaks on them.'],
    [({ why }) => /origin/i.test(why), 'The page comes from a host that is not allowed: add it to CANYON_APP_ALLOWED_ORIGINS.'],
    [({ why }) => /rate|too many client events/i.test(why), 'A client whispers faster than it may: slow it down, or raise CANYON_APP_CLIENT_EVENT_RATE.'],
    [({ why }) => /timestamp/i.test(why), 'The clocks of the application and the server differ: set both with NTP.'],
    [({ why }) => /too (long|large|big)|limit of|exceed/i.test(why), 'Send an ID and let the client fetch the rest, or raise CANYON_APP_MAX_EVENT_BYTES and its neighbours.'],
    [({ code }) => code === 4000, 'The app takes TLS only: have Echo use forceTLS, or a proxy say X-Forwarded-Proto.'],
    [({ code }) => code === 4001, 'The key that Echo was built with is not the one of this server: compare VITE_CANYON_APP_KEY with CANYON_APP_KEY, and build the assets anew.'],
    [({ code }) => code === 4003, 'The app is switched off: CANYON_APP_ENABLED.'],
    [({ code }) => code === 4004, 'As many clients as may be are connected: raise CANYON_APP_MAX_CONNECTIONS.'],
    [({ code }) => code === 4005, 'A client asks for another path: compare wsPath in Echo with CANYON_PATH_PREFIX.'],
    [({ code }) => code >= 4006 && code <= 4008, 'The client speaks another version of the protocol: update its Pusher library.'],
    [({ code, what }) => code === 4009 && what !== 'subscription', 'The client was not authorized in time, or not at all: see CANYON_APP_AUTHORIZATION_TIMEOUT, and who called Canyon::terminate().'],
    [({ what }) => what === 'client event', 'Whispers need a subscription to a private or presence channel, and CANYON_APP_CLIENT_EVENTS.'],
    [({ what }) => what === 'subscription', 'The answer of /broadcasting/auth does not fit this channel: try it with the debugger, as the same user.'],
]

export const hint = (refusal) => HINTS.find(([fits]) => fits(refusal))?.[1] ?? null
