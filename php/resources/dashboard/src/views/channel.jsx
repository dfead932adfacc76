import { useEffect, useState } from 'preact/hooks'

import { get } from '../api.js'
import { busy } from '../live.js'
import { Back } from '../parts/icons.jsx'
import { Card, Empty, Kind, Link } from '../parts/pieces.jsx'
import { EventTable } from '../parts/event_table.jsx'
import { bytes, count, many } from '../format.js'
import { settings } from '../settings.js'
import { useStore } from '../store.js'
import { stream } from '../stream.js'

const EVERY_MS = 2000
const EVENTS = 20

function useChannel(name) {
    const [answer, setAnswer] = useState({ channel: null, problem: null })
    useEffect(() => {
        const ask = () => get(`channels/${encodeURIComponent(name)}`)
            .then((channel) => setAnswer({ channel, problem: null }))
            .catch((error) => setAnswer((before) => ({ ...before, problem: error.message })))
        ask()
        const timer = window.setInterval(() => document.hidden || ask(), EVERY_MS)
        return () => window.clearInterval(timer)
    }, [name])
    return answer
}

function Members({ ids, total }) {
    return (
        <Card title="Members" aside={<span class="muted">{many(total, 'member')}</span>}>
            {ids.length === 0 ? <Empty title="Nobody is here." /> : <ul class="members">{ids.map((id) => <li key={id}><code>{id}</code></li>)}</ul>}
            {ids.length < total && <p class="muted inset">The first {count(ids.length)} of them.</p>}
        </Card>
    )
}

export function Channel({ name }) {
    const { channel, problem } = useChannel(name)
    const rate = useStore(busy).get(name)
    const events = useStore(stream).events.filter((event) => event.channel === name).slice(0, EVENTS)
    const figure = (label, value) => <div class="tile" key={label}><dt>{label}</dt><dd><b>{value}</b></dd></div>

    return (
        <>
            <div class="bar">
                <Link to="channels" class="back"><Back />Channels</Link>
                <h2 class="name">{name}</h2>
                {channel && <Kind kind={channel.kind} cache={channel.cache} />}
                <span class="grow" />
                {settings.sender && <Link to="send" query={{ channel: name }} class="button quiet">Send an event</Link>}
                {settings.debugger && <Link to="debugger" query={{ channel: name }} class="button quiet">Debug</Link>}
            </div>
            {problem && <p class="problem" role="alert">{problem}</p>}
            <dl class="tiles card" aria-label="Now">
                {figure('Subscriptions', count(channel?.subscriptions))}
                {typeof channel?.members === 'number' && figure('Members', count(channel.members))}
                {figure('Events', <>{count(rate?.events ?? 0)}<small>/s</small></>)}
                {figure('Deliveries', <>{count(rate?.deliveries ?? 0)}<small>/s</small></>)}
                {figure('Delivered', <>{bytes(rate?.bytes ?? 0)}<small>/s</small></>)}
            </dl>
            {channel?.member_ids && <Members ids={channel.member_ids} total={channel.members} />}
            <Card title="Events since this page was opened" aside={<Link to="events" query={{ channel: name }}>All of them</Link>}>
                {events.length === 0 ? <Empty title="None yet." /> : <EventTable events={events} withChannel={false} />}
            </Card>
        </>
    )
}
