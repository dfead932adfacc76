<x-layout title="Server" script="server" class="page">
    <section class="intro">
        <h1>Server</h1>
        <p>
            What Laravel learns when it asks the <code>Canyon</code> facade: <code>channels()</code>, <code>members()</code>,
            <code>user()</code> and <code>status()</code>. Sign in to the <a href="/chat">chat room</a> in another window, then
            disconnect that person here, with <code>terminate()</code>.
        </p>
    </section>

    <div class="facts" id="facts">
        @if ($problem !== null)
            <p class="card problem" role="alert">{{ $problem }}</p>
        @else
            <section class="card" aria-labelledby="people-title">
                <h2 id="people-title">People</h2>
                <ul>
                    @foreach ($people as ['user' => $user, 'seen' => $seen])
                        <li data-person="{{ $user->id }}" data-online="{{ $seen->online ? 'yes' : 'no' }}">
                            <span class="avatar" style="--hue: {{ $user->hue }}" aria-hidden="true">{{ mb_substr($user->name, 0, 1) }}</span>
                            <span class="who">
                                <b>{{ $user->name }}</b>
                                <small>{{ $seen->online ? trans_choice('{1} :count window|[0,*] :count windows', $seen->connections).' · '.implode(', ', $seen->channels) : 'offline' }}</small>
                            </span>
                            <form method="post" action="{{ route('terminate', $user) }}">
                                @csrf
                                <button class="button" @disabled($seen->connections === 0)>Disconnect</button>
                            </form>
                        </li>
                    @endforeach
                </ul>
            </section>

            <section class="card" aria-labelledby="channels-title">
                <h2 id="channels-title">Channels</h2>
                <ul>
                    @foreach ($channels as ['channel' => $channel, 'members' => $members])
                        <li data-channel="{{ $channel->name }}">
                            <span class="who"><b><code>{{ $channel->name }}</code></b> <small>{{ $members->implode(', ') }}</small></span>
                            <span class="count">{{ $channel->subscriptionCount }}</span>
                        </li>
                    @endforeach
                </ul>
            </section>

            <p class="muted" id="status">
                Canyon {{ $status->version }}: {{ trans_choice('{1} :count connection|[0,*] :count connections', $status->connections) }},
                {{ number_format($status->count('events_from_queue')) }} events from the queue and
                {{ number_format($status->count('deliveries')) }} deliveries since it started.
            </p>
        @endif
    </div>
</x-layout>
