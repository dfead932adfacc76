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

// The first that fits: by the words of the server's reasons, by the code, which is one of the protocol or of HTTP, or by what was refused.
const HINTS = [
    [({ why }) => /channels of the server/.test(why), 'These channels belong to the dashboard: nobody else speaks on them.'],
    [({ why }) => /Origin not allowed/.test(why), 'The page comes from a host that is not allowed: add it to CANYON_APP_ALLOWED_ORIGINS.'],
    [({ why }) => /rate limit/.test(why), 'A client whispers faster than it may: slow it down, or raise CANYON_APP_CLIENT_EVENT_RATE.'],
    [({ why }) => /timestamp/i.test(why), 'The clocks of the application and the server differ: set both with NTP.'],
    [({ why }) => /signature|invalid key/i.test(why), 'Does the application sign with the key and the secret of this server? Compare CANYON_APP_KEY and CANYON_APP_SECRET, and run php artisan canyon:doctor.'],
    [({ why }) => /enable this feature/.test(why), 'Whispers are switched off: CANYON_APP_CLIENT_EVENTS.'],
    [({ why }) => /not subscribed to channel|only supported on private/.test(why), 'A whisper needs a subscription to its channel, which is a private or a presence channel.'],
    [({ why }) => /user authentication/.test(why), 'Signing in is switched off: CANYON_APP_USER_AUTHENTICATION.'],
    [({ why }) => /is full/.test(why), 'Raise CANYON_APP_MAX_PRESENCE_MEMBERS, or split the channel.'],
    [({ why, code }) => code === 413 || /larger than|longer than|too (long|large)/i.test(why), 'Send an ID and let the client fetch the rest, or raise CANYON_APP_MAX_EVENT_BYTES.'],
    [({ why }) => /Existing subscription/.test(why), 'The page subscribes twice: leave the channel before, or keep the first subscription.'],
    [({ why }) => /not authorized within/.test(why), 'The client did not sign in or subscribe to a guarded channel in time: see CANYON_APP_AUTHORIZATION_TIMEOUT.'],
    [({ code }) => code === 4000, 'The app takes TLS only: have Echo use forceTLS, or the proxy send X-Forwarded-Proto.'],
    [({ code }) => code === 4001, 'The key that Echo was built with is not the one of this server: compare VITE_CANYON_APP_KEY with CANYON_APP_KEY, and build the assets anew.'],
    [({ code }) => code === 4003, 'The app is switched off: CANYON_APP_ENABLED.'],
    [({ code }) => code === 4004, 'As many clients are connected as may be: raise CANYON_APP_MAX_CONNECTIONS.'],
    [({ code }) => code === 4005, 'A client asks for another path: compare wsPath in Echo with CANYON_PATH_PREFIX.'],
    [({ code }) => code >= 4006 && code <= 4008, 'The client speaks another version of the protocol: update its Pusher library.'],
    [({ code }) => code === 4100, 'The client reads nothing, or too slowly: a frozen tab or a bad network. Others are not affected.'],
    [({ what }) => what === 'queue', 'The queue was full: the server did not keep up, or did not run. See php artisan canyon:status.'],
    [({ what }) => what === 'subscription', 'The answer of /broadcasting/auth does not fit: try the channel with the debugger, as the same user.'],
]

export const hint = (refusal) => HINTS.find(([fits]) => fits(refusal))?.[1] ?? null
