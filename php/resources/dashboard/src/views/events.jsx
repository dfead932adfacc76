import { useEffect, useState } from 'preact/hooks'

import { watchPayloads } from '../live.js'
import { EventTable } from '../parts/event_table.jsx'
import { Pause, Play } from '../parts/icons.jsx'
import { Card, Choice, Empty, SearchField, Switch } from '../parts/pieces.jsx'
import { count, many } from '../format.js'
import { go, route } from '../router.js'
import { settings } from '../settings.js'
import { useStore } from '../store.js'
import { stream } from '../stream.js'

const FROM = [['', 'All'], ['queue', 'Queue'], ['http', 'HTTP'], ['client', 'Clients']]
const SHOWN = 150

const has = (text, part) => text.toLowerCase().includes(part.toLowerCase())

export function Events() {
    const { query: { channel = '', event = '', from = '' } } = useStore(route)
    const now = useStore(stream)
    const [held, setHeld] = useState(null)
    const [wantsPayloads, setWantsPayloads] = useState(settings.payloads)
    useEffect(() => (wantsPayloads ? watchPayloads() : undefined), [wantsPayloads])

    const { events } = held ?? now
    const change = (more) => go('events', Object.fromEntries(Object.entries({ channel, event, from, ...more }).filter(([, value]) => value !== '')), { replace: true })
    const found = events.filter((one) => has(one.channel, channel) && has(one.event, event) && (from === '' || one.from === from))

    return (
        <>
            <div class="bar">
                <SearchField label="Filter by channel" placeholder="Channel" value={channel} onInput={(value) => change({ channel: value })} />
                <input class="filter" type="search" aria-label="Filter by event" placeholder="Event" value={event} autoComplete="off" spellcheck={false} onInput={({ target }) => change({ event: target.value })} />
                <Choice label="From" options={FROM} value={from} onChange={(value) => change({ from: value })} />
                <Switch label="Payloads" value={wantsPayloads} disabled={!settings.payloads} onChange={setWantsPayloads} />
                <button type="button" class="button" onClick={() => setHeld(held ? null : now)}>{held ? <><Play />Go on</> : <><Pause />Pause</>}</button>
            </div>
            <Card title="Events" aside={<span class="muted">{held ? `Paused; ${many(now.total - held.total, 'event')} since` : now.omitted > 0 ? `${count(now.omitted)} of the last second are not shown` : many(now.total, 'event')}</span>}>
                {found.length === 0
                    ? (events.length === 0
                        ? <Empty title="No event yet.">Whatever is broadcast while this page is open appears here, at most a hundred a second.</Empty>
                        : <Empty title="No event is like this." />)
                    : <EventTable events={found.slice(0, SHOWN)} />}
            </Card>
            {!settings.payloads && <p class="muted">Payloads are switched off in this environment: <code>CANYON_DASHBOARD_PAYLOADS=true</code> switches them on.</p>}
        </>
    )
}
