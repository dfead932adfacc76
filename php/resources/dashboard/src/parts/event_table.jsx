// Events, each of which can be opened to see what it carried.

import { useState } from 'preact/hooks'

import { bytes, count } from '../format.js'
import { settings } from '../settings.js'
import { useStore } from '../store.js'
import { payloads } from '../stream.js'
import { Chevron } from './icons.jsx'
import { ChannelLink, Json, Time } from './pieces.jsx'

const FROM = { queue: 'queue', http: 'HTTP', client: 'client' }

function Payload({ event }) {
    const payload = useStore(payloads).get(event.id)

    if (!settings.payloads) {
        return <p class="muted">Payloads are switched off in this environment. <code>CANYON_DASHBOARD_PAYLOADS=true</code> lets those who may see the dashboard see them, too.</p>
    }
    if (!payload) return <p class="muted">The payload was not kept: the server sends payloads only while the switch "Payloads" of the events is on.</p>
    return (
        <>
            {event.channel.startsWith('private-encrypted-') && <p class="muted">This is ciphertext: only the subscribers of the channel can read it.</p>}
            <Json text={payload.data} />
            {payload.cut && <p class="muted">Cut after {bytes(4096)} of {bytes(event.bytes)}.</p>}
        </>
    )
}

function Row({ event, withChannel, isOpen, onToggle }) {
    const id = `event-${event.id}`
    return (
        <>
            <tr class="event" data-open={isOpen} data-event={event.event} onClick={(click) => click.target.closest('a, button') || onToggle()}>
                <td class="open"><button type="button" class="icon small" aria-expanded={isOpen} aria-controls={id} aria-label={`Payload of ${event.event}`} onClick={onToggle}><Chevron /></button></td>
                <td class="when"><Time ms={event.time_ms} /></td>
                {withChannel && <td class="on"><ChannelLink name={event.channel} /></td>}
                <td class="event-name" title={event.event}>{event.event}</td>
                <td class="wide" title={event.socket_id ? `sent by ${event.socket_id}` : undefined}>{FROM[event.from] ?? event.from}</td>
                <td class="number wide">{bytes(event.bytes)}</td>
                <td class="number" title="subscribers">{count(event.subscribers)}</td>
            </tr>
            {isOpen && <tr class="payload" id={id}><td colSpan={withChannel ? 7 : 6}><Payload event={event} /></td></tr>}
        </>
    )
}

export function EventTable({ events, withChannel = true }) {
    const [open, setOpen] = useState(null)
    return (
        <table class="events">
            <thead><tr>
                <th class="open"><span class="hidden">Payload</span></th><th class="when">Time</th>{withChannel && <th>Channel</th>}<th>Event</th>
                <th class="wide">From</th><th class="number wide">Size</th><th class="number">To</th>
            </tr></thead>
            <tbody>{events.map((event) => (
                <Row key={`${event.id}-${event.time_ms}`} event={event} withChannel={withChannel} isOpen={open === event.id} onToggle={() => setOpen(open === event.id ? null : event.id)} />
            ))}</tbody>
        </table>
    )
}
