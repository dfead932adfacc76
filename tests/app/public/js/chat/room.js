// One room as one user sees it: a presence channel for people, messages and typing, a private channel for receipts.

import { api } from '../connection.js'
import { sent, track } from '../journey.js'
import { toast } from '../toast.js'
import { RoomView } from './view.js'

// Someone who types is announced this often at most, and believed to be typing a little longer than that.
const TYPING_EVERY = 1500
const TYPING_FOR = 2500

export class Room {
    #members = new Map()
    #messages = new Map()
    #readers = new Map()
    #typing = new Map()
    #refusals = []
    #lastWhisper = 0
    #reported = 0
    #left = false
    #loaded = false

    constructor({ room, name, topic }, { echo, session, onSignedOut }) {
        this.slug = room
        this.name = name
        this.echo = echo
        this.me = session.user
        this.token = session.token
        this.onSignedOut = onSignedOut
        this.view = new RoomView({ name, topic, me: this.me, onSend: (body) => this.#send(body), onInput: () => this.#whisper() })

        this.presence = echo.join(`room.${room}`)
            .here((users) => this.#here(users))
            .joining((user) => this.#joined(user))
            .leaving((user) => this.#parted(user))
            .listen('MessageSent', ({ message }) => this.#received(message))
            .listenForWhisper('typing', (user) => this.#types(user))
            .error((error) => this.#refused(this.presence, error))
        this.receipts = echo.private(`room.${room}.receipts`)
            .listen('MessagesRead', ({ user_id: id, up_to: upTo }) => this.#readBy(id, upTo))
            .error((error) => this.#refused(this.receipts, error))
        track(this.presence)
        track(this.receipts)

        this.onVisible = () => this.#report()
        document.addEventListener('visibilitychange', this.onVisible)
    }

    leave() {
        this.#left = true
        this.echo.leave(`room.${this.slug}`)
        this.echo.leave(`room.${this.slug}.receipts`)
        document.removeEventListener('visibilitychange', this.onVisible)
        this.#typing.forEach(clearTimeout)
        this.view.clear()
    }

    // Also after each reconnect, so this is the place to fetch what may have been missed.
    async #here(users) {
        this.#members = new Map(users.map((user) => [user.id, user]))
        this.view.drawMembers(this.#members)
        try {
            const { messages, receipts } = await api('GET', `/rooms/${this.slug}/messages`, undefined, this.token)
            if (this.#left) return
            messages.forEach((message) => this.#messages.set(message.id, message))
            receipts.forEach(({ up_to: upTo, ...user }) => this.#noteReader(user, upTo))
            this.#loaded = true
            this.#draw()
        } catch (error) {
            if (!this.#left) toast('critical', 'The messages could not be loaded', error.message)
        }
    }

    #joined(user) {
        this.#members.set(user.id, user)
        this.view.drawMembers(this.#members)
        this.#note(`${user.name} came in`)
    }

    #parted(user) {
        this.#members.delete(user.id)
        this.#stopsTyping(user.id)
        this.view.drawMembers(this.#members)
        this.#note(`${user.name} left`)
    }

    // Among the messages, so not before there are any.
    #note(text) {
        if (this.#loaded) this.view.note(text)
    }

    #received(message) {
        this.#stopsTyping(message.user.id)
        this.#messages.set(message.id, message)
        this.#draw()
    }

    #types(user) {
        clearTimeout(this.#typing.get(user.id))
        this.#typing.set(user.id, setTimeout(() => this.#stopsTyping(user.id), TYPING_FOR))
        this.#drawTyping()
    }

    #stopsTyping(id) {
        clearTimeout(this.#typing.get(id))
        if (this.#typing.delete(id)) this.#drawTyping()
    }

    #drawTyping() {
        this.view.drawTyping([...this.#typing.keys()].map((id) => this.#members.get(id)?.name).filter(Boolean))
    }

    #readBy(id, upTo) {
        const known = this.#readers.get(id) ?? { user: this.#members.get(id) }
        if (!known.user) return
        this.#noteReader(known.user, upTo)
        this.view.drawReaders(this.#readers, this.#messages)
    }

    #noteReader(user, upTo) {
        const before = this.#readers.get(user.id)?.upTo ?? 0
        this.#readers.set(user.id, { user, upTo: Math.max(before, upTo) })
    }

    #whisper() {
        const now = Date.now()
        if (now - this.#lastWhisper < TYPING_EVERY || !this.#members.has(this.me.id)) return
        this.#lastWhisper = now
        this.presence.whisper('typing', { id: this.me.id })
    }

    async #send(body) {
        const { journey, ...message } = await api('POST', `/rooms/${this.slug}/messages`, { body }, this.token)
        if (this.#left) return
        this.#lastWhisper = 0
        sent(journey, 'MessageSent', this.presence)
        this.#messages.set(message.id, message)
        this.#draw()
    }

    #draw() {
        this.view.drawMessages([...this.#messages.values()].sort((a, b) => a.id - b.id))
        this.view.drawReaders(this.#readers, this.#messages)
        this.#report()
    }

    // Read is what somebody could see: not what arrived in a hidden tab. Own messages are nothing to report.
    async #report() {
        if (document.visibilityState !== 'visible') return
        const last = Math.max(0, ...[...this.#messages.values()].filter(({ user }) => user.id !== this.me.id).map(({ id }) => id))
        if (last <= this.#reported) return
        this.#reported = last
        await api('PUT', `/rooms/${this.slug}/receipt`, { up_to: last }, this.token).catch(() => { this.#reported = 0 })
    }

    #refused(channel, { status }) {
        if (this.#left) return
        // The token is from an earlier run of the demo.
        if (status === 401) return this.onSignedOut()
        this.#refusals.push(`${channel.name}: ${status ?? 'no answer'}`)
        this.view.drawRefusal(`${this.me.name} is not a member of ${this.name}`, this.#refusals, status)
    }
}
