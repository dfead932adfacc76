<x-layout title="Chat room" script="chat" class="page">
    <section class="intro">
        <h1>Chat room</h1>
        <p>
            Each <em>window</em> is a person of its own: open a second one, choose somebody else there, and watch who comes and goes,
            who is typing and who has read what. Then enter the <b>Crew</b> room as <b>Mallory</b>, who is not a member.
        </p>
        <button type="button" class="button" data-second-window>Open a second window</button>
    </section>

    <section class="card sign-in" id="sign-in" aria-labelledby="sign-in-title" hidden>
        <h2 id="sign-in-title">Who are you in this window?</h2>
        <div class="people">
            @foreach ($users as $user)
                <button type="button" data-sign-in="{{ $user->id }}">
                    <span class="avatar" style="--hue: {{ $user->hue }}" aria-hidden="true">{{ mb_substr($user->name, 0, 1) }}</span>
                    <span>{{ $user->name }}</span>
                </button>
            @endforeach
        </div>
        <p class="muted">
            No password here. Two windows of one browser share their cookies, so this window keeps the API token of its user in
            <code>sessionStorage</code>; Echo sends it as bearer token to Laravel’s own <code>/broadcasting/auth</code>, guarded by Laravel’s <code>token</code> guard.
        </p>
    </section>

    <section class="card chat" id="chat" aria-label="Chat" hidden>
        <div class="side">
            <div class="me">
                <span class="avatar" id="my-avatar" aria-hidden="true"></span>
                <b id="my-name"></b>
                <button type="button" class="quiet" id="sign-out">Switch</button>
            </div>

            <h2 id="rooms-title">Rooms</h2>
            <div class="rooms" role="group" aria-labelledby="rooms-title">
                @foreach ($rooms as $room)
                    <button type="button" data-room="{{ $room->slug }}" data-name="{{ $room->name }}" data-topic="{{ $room->topic }}">
                        <svg viewBox="0 0 16 16" aria-hidden="true"><use href="/icon.svg#{{ $room->open ? 'open' : 'lock' }}"/></svg>
                        {{ $room->name }}
                    </button>
                @endforeach
            </div>

            <h2>Here now <span class="count" id="count">0</span></h2>
            <ul class="members" id="members" aria-live="polite"></ul>
        </div>

        <div class="talk">
            <header>
                <h2 id="room-name"></h2>
                <p class="muted" id="room-topic"></p>
            </header>
            <div class="refused" id="refused" role="alert" hidden>
                <svg viewBox="0 0 16 16" aria-hidden="true"><use href="/icon.svg#lock"/></svg>
                <h3></h3>
                <p></p>
                <ul></ul>
            </div>
            <ol class="stream" id="stream" aria-live="polite" tabindex="0" aria-label="Messages"></ol>
            <p class="typing" id="typing" role="status"></p>
            <form class="composer" id="composer">
                <input name="body" maxlength="500" placeholder="Say something" aria-label="Message" autocomplete="off" required>
                <button class="button">Send</button>
            </form>
        </div>
    </section>

    <x-journey/>
</x-layout>
