import { useEffect, useState } from 'preact/hooks'

import { get } from '../api.js'
import { busy, link } from '../live.js'
import { Card, ChannelLink, Choice, Empty, Kind, SearchField } from '../parts/pieces.jsx'
import { count, many } from '../format.js'
import { go, route } from '../router.js'
import { useStore } from '../store.js'
import { Channel } from './channel.jsx'

const KINDS = [['', 'All'], ['public', 'Public'], ['private', 'Private'], ['presence', 'Presence'], ['encrypted', 'Encrypted'], ['cache', 'Cache']]
const ORDERS = [['name', 'by name'], ['subscriptions', 'by size']]
const TYPING_MS = 200
const LEAST_MS = 2000

/** Asks again and again, the more seldom the longer an answer takes: a list of 100,000 channels costs something. */
function useChannels(query) {
    const [answer, setAnswer] = useState({ list: null, problem: null })
    const key = JSON.stringify(query)
    useEffect(() => {
        let timer
        let over = false
        const ask = async () => {
            const started = performance.now()
            try {
                if (!document.hidden) {
                    const list = await get('channels', query)
                    if (!over) setAnswer({ list, problem: null })
                }
            } catch (error) {
                if (!over) setAnswer(({ list }) => ({ list, problem: error.message }))
            }
            if (!over) timer = window.setTimeout(ask, Math.max(LEAST_MS, 20 * (performance.now() - started)))
        }
        timer = window.setTimeout(ask, query.search ? TYPING_MS : 0)
        return () => {
            over = true
            window.clearTimeout(timer)
        }
    }, [key])
    return answer
}

function Row({ channel, rate }) {
    return (
        <tr>
            <td><ChannelLink name={channel.name} /></td>
            <td class="wide"><Kind kind={channel.kind} cache={channel.cache} /></td>
            <td class="number">{count(channel.subscriptions)}</td>
            <td class="number wide">{channel.members === null ? '' : count(channel.members)}</td>
            <td class="number">{rate ? count(rate.events) : ''}</td>
        </tr>
    )
}

function Pages({ list, onPage }) {
    if (list.pages < 2) return null
    return (
        <div class="pages" role="group" aria-label="Pages">
            <button type="button" class="button quiet" disabled={list.page === 1} onClick={() => onPage(list.page - 1)}>Previous</button>
            <span>Page {count(list.page)} of {count(list.pages)}</span>
            <button type="button" class="button quiet" disabled={list.page === list.pages} onClick={() => onPage(list.page + 1)}>Next</button>
        </div>
    )
}

function List() {
    const { query: { search = '', kind = '', sort = 'name', page = '1' } } = useStore(route)
    const rates = useStore(busy)
    const { server } = useStore(link)
    const { list, problem } = useChannels({ search, kind, sort, page })

    // A new question begins at its first page.
    const change = (more) => {
        const next = { search, kind, sort, ...more }
        go('channels', Object.fromEntries(Object.entries(next).filter(([name, value]) => value !== '' && !(name === 'sort' && value === 'name'))), { replace: true })
    }
    const isFiltered = search !== '' || kind !== ''

    return (
        <>
            <div class="bar">
                <SearchField label="Search channels" placeholder="Search channels" value={search} onInput={(value) => change({ search: value })} />
                <Choice label="Kind" options={KINDS} value={kind} onChange={(value) => change({ kind: value })} />
                <Choice label="Order" options={ORDERS} value={sort} onChange={(value) => change({ sort: value })} />
            </div>
            <Card title="Occupied channels" aside={<span class="muted" role="status">{list && many(list.total, 'channel')}{list && isFiltered ? ' found' : ''}</span>}>
                {problem && server === 'up' && <p class="problem" role="alert">{problem}</p>}
                {list?.total === 0 && (isFiltered
                    ? <Empty title="No occupied channel is like this.">A channel exists while somebody is subscribed to it.</Empty>
                    : <Empty title="Nobody is subscribed to anything.">Channels appear here as soon as a client subscribes: <code>Echo.channel('orders')</code>.</Empty>)}
                {list?.total > 0 && (
                    <table>
                        <thead><tr><th>Channel</th><th class="wide">Kind</th><th class="number">Subscriptions</th><th class="number wide">Members</th><th class="number">Events/s</th></tr></thead>
                        <tbody>{list.channels.map((channel) => <Row key={channel.name} channel={channel} rate={rates.get(channel.name)} />)}</tbody>
                    </table>
                )}
                {list && <Pages list={list} onPage={(number) => change({ page: String(number) })} />}
            </Card>
        </>
    )
}

export function Channels() {
    const { query } = useStore(route)
    return query.channel === undefined ? <List /> : <Channel key={query.channel} name={query.channel} />
}
