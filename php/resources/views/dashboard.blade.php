<!doctype html>
<html lang="en">
<head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <meta name="color-scheme" content="light dark">
    <title>Canyon</title>
    <link rel="icon" href="{{ $assets }}/icon.svg" type="image/svg+xml">
    <link rel="preload" href="{{ $assets }}/inter.woff2" as="font" type="font/woff2" crossorigin>
    <link rel="stylesheet" href="{{ $assets }}/app.css">
    <script type="application/json" id="settings">{!! Illuminate\Support\Js::encode($settings) !!}</script>
    <script src="{{ $assets }}/app.js" defer></script>
</head>
<body>
    <noscript>The dashboard draws with JavaScript what the Canyon server tells. The same figures: php artisan canyon:top.</noscript>
    <div id="app"></div>
</body>
</html>
