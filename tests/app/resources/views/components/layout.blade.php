@props(['title', 'script'])
<!doctype html>
<html lang="en">
<head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="theme-color" content="#f6efe4" media="(prefers-color-scheme: light)">
    <meta name="theme-color" content="#17110d" media="(prefers-color-scheme: dark)">
    <meta name="csrf-token" content="{{ csrf_token() }}">
    <title>{{ $title }} · Canyon demo</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/css/base.css">
    <link rel="stylesheet" href="/css/journey.css">
    <link rel="stylesheet" href="/css/{{ $script }}.css">
    <script type="application/json" id="canyon">@json(['key' => config('canyon.app.key'), 'host' => config('canyon.http.host'), 'port' => (int) config('canyon.http.port')])</script>
    <script src="/npm/pusher.min.js" defer></script>
    <script src="/npm/echo.iife.js" defer></script>
    <script src="/js/{{ $script }}.js" type="module"></script>
</head>
<body>
    <a class="skip" href="#main">Skip to the page</a>

    <header class="top">
        <a class="brand" href="/">
            <svg viewBox="0 0 32 32" aria-hidden="true"><use href="/icon.svg#mark"/></svg>
            <span>Canyon</span>
        </a>
        <nav aria-label="Pages">
            <a href="/" @if (request()->is('/')) aria-current="page" @endif>Inventory</a>
            <a href="/chat" @if (request()->is('chat')) aria-current="page" @endif>Chat room</a>
            <a href="/server" @if (request()->is('server')) aria-current="page" @endif>Server</a>
            <a href="{{ route('canyon.dashboard.overview') }}">Dashboard</a>
        </nav>
        <p class="link" id="link" role="status" data-state="connecting"><i></i><span>Connecting…</span></p>
    </header>

    <main id="main" {{ $attributes }}>
        {{ $slot }}
    </main>

    <div class="toasts" id="toasts" aria-live="polite"></div>
    <noscript><p class="noscript">The demo needs JavaScript: it shows what Laravel Echo receives.</p></noscript>
</body>
</html>
