// Small things that several views are made of.

import { useEffect, useRef } from 'preact/hooks'

import { fullTime, pretty, time } from '../format.js'
import { followed, href } from '../router.js'
import { Search } from './icons.jsx'

export const Time = ({ ms }) => <time dateTime={new Date(ms).toISOString()} title={fullTime(ms)}>{time(ms)}</time>

export const Link = ({ to, query, children, ...rest }) => <a href={href(to, query)} onClick={followed(to, query)} {...rest}>{children}</a>

export const ChannelLink = ({ name }) => <Link to="channels" query={{ channel: name }} class="channel" title={name}>{name}</Link>

export const Kind = ({ kind, cache }) => <span class="kind" data-kind={kind}>{kind}{cache ? ' · cache' : ''}</span>

/** A card with a title; what stands beside the title comes in `aside`. */
export const Card = ({ title, aside, class: extra = '', children, ...rest }) => (
    <section class={`card ${extra}`} aria-label={title} {...rest}>
        <header><h2>{title}</h2>{aside}</header>
        {children}
    </section>
)

/** What stands where there is nothing yet: what it means, and what to do. */
export const Empty = ({ title, children }) => (
    <div class="empty">
        <p class="empty-title">{title}</p>
        {children}
    </div>
)

export const Code = ({ children }) => <pre class="code" tabIndex={0}><code>{children}</code></pre>

export const Json = ({ text }) => <Code>{pretty(text)}</Code>

/** A field that "/" leads to. */
export function SearchField({ value, onInput, label, placeholder }) {
    const input = useRef()
    useEffect(() => {
        const focus = (event) => {
            if (event.key !== '/' || event.metaKey || event.ctrlKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) return
            event.preventDefault()
            input.current.focus()
            input.current.select()
        }
        document.addEventListener('keydown', focus)
        return () => document.removeEventListener('keydown', focus)
    }, [])
    return (
        <label class="search">
            <Search />
            <span class="hidden">{label}</span>
            <input ref={input} type="search" value={value} placeholder={placeholder} autoComplete="off" spellcheck={false} aria-keyshortcuts="/"
                onInput={(event) => onInput(event.target.value)} onKeyDown={(event) => event.key === 'Escape' && (event.target.value ? onInput('') : event.target.blur())} />
            <kbd aria-hidden="true">/</kbd>
        </label>
    )
}

/** Some choices, of which one holds. */
export const Choice = ({ label, options, value, onChange }) => (
    <div class="choice" role="group" aria-label={label}>
        {options.map(([key, text]) => <button type="button" key={key} aria-pressed={key === value} onClick={() => onChange(key)}>{text}</button>)}
    </div>
)

export const Switch = ({ label, value, onChange, disabled }) => (
    <button type="button" class="switch" role="switch" aria-checked={value} disabled={disabled} onClick={() => onChange(!value)}><i aria-hidden="true" />{label}</button>
)

export const Field = ({ label, error, hint, id, children }) => (
    <div class="field" data-invalid={Boolean(error)}>
        <label htmlFor={id}>{label}</label>
        {children}
        {(error || hint) && <p class={error ? 'error' : 'hint'} id={`${id}-note`} role={error ? 'alert' : undefined}>{error || hint}</p>}
    </div>
)
