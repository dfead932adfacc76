// Whether the figures are live, and what to do if they are not.

import { link } from '../live.js'
import { settings, webSocketUrl } from '../settings.js'
import { useStore } from '../store.js'
import { Code } from './pieces.jsx'

const FAULTS = {
    down: 'The Canyon server does not answer.',
    refusing: 'The Canyon server does not take the requests of your application.',
    silent: 'Your application has gone away.',
    session: 'Your application shows you nothing more.',
}

const STATES = { live: 'Live', connecting: 'Connecting', lost: 'Reconnecting' }

export function Pill() {
    const { state } = useStore(link)
    return <p class="pill" role="status" data-state={state}><i aria-hidden="true" /><span>{STATES[state]}</span></p>
}

export function Notice() {
    const { state, server, problem, wasLive } = useStore(link)

    if (state !== 'live' && FAULTS[server]) {
        return (
            <div class="notice" role="alert" data-notice="server">
                <p class="notice-title">{wasLive && server === 'down' ? 'The Canyon server has gone away.' : FAULTS[server]}</p>
                <p>{problem}</p>
                {server === 'down' && <Code>php artisan canyon:start</Code>}
                <p class="muted">This page asks again every few seconds, and goes on by itself.</p>
            </div>
        )
    }
    if (state !== 'live' && server === 'up') {
        return (
            <div class="notice" role="alert" data-notice="socket">
                <p class="notice-title">{wasLive ? 'The connection was lost; trying again.' : 'This browser is not connected to the server yet.'}</p>
                <p>
                    {problem ? `${problem} ` : ''}
                    The server answers your application, and this browser looks for it at <code>{webSocketUrl()}</code>. If that is not where
                    Echo finds it, name the address: <code>CANYON_DASHBOARD_WEBSOCKET=wss://example.com</code>. Until then, the figures come every few seconds.
                </p>
            </div>
        )
    }
    if (settings.elsewhere !== null) {
        return (
            <div class="notice" data-notice="elsewhere">
                <p class="notice-title">Your application does not broadcast through Canyon.</p>
                <p>Its broadcast connection is <code>{settings.elsewhere}</code>: set <code>BROADCAST_CONNECTION=canyon</code>, or run <code>php artisan canyon:install</code>.</p>
            </div>
        )
    }
    return null
}
