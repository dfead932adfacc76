import { useState } from 'preact/hooks'

import { Card, Empty, SearchField, Time } from '../parts/pieces.jsx'
import { count, many } from '../format.js'
import { hint, refusals } from '../refusals.js'
import { useStore } from '../store.js'

const matches = (refusal, search) => [refusal.why, refusal.channel, refusal.what, refusal.socket_id, String(refusal.code ?? '')]
    .some((text) => text?.toLowerCase().includes(search.toLowerCase()))

function Entry({ refusal }) {
    const advice = hint(refusal)
    return (
        <li class="refusal">
            <div class="refusal-head">
                <Time ms={refusal.time_ms} />
                <span class="kind" data-kind="refused">{refusal.what.replaceAll('_', ' ')}{refusal.code ? ` ${refusal.code}` : ''}</span>
                {refusal.count > 1 && <span class="times">{count(refusal.count)} times</span>}
                {refusal.channel && <code class="channel">{refusal.channel}</code>}
                {refusal.socket_id && <span class="muted socket">socket {refusal.socket_id}</span>}
            </div>
            <p class="why">{refusal.why}</p>
            {advice && <p class="advice">{advice}</p>}
        </li>
    )
}

export function Refusals() {
    const all = useStore(refusals)
    const [search, setSearch] = useState('')
    const found = all.filter((refusal) => matches(refusal, search))

    return (
        <>
            <div class="bar"><SearchField label="Search refusals" placeholder="Search refusals" value={search} onInput={setSearch} /></div>
            <Card title="Refusals" aside={<span class="muted" role="status">{many(found.length, 'entry').replace('entrys', 'entries')}</span>}>
                {all.length === 0 && <Empty title="Nothing was refused.">Connections, subscriptions, whispers and requests that the server says no to appear here, with the reason.</Empty>}
                {all.length > 0 && found.length === 0 && <Empty title="No refusal is like this." />}
                <ul>{found.map((refusal) => <Entry key={refusal.id} refusal={refusal} />)}</ul>
            </Card>
        </>
    )
}
