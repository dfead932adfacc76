<?php
use Illuminate\Foundation\Application;

// ->withRouting(channels: 'not this one')
$text = "->withRouting(channels: nor this one)";

return Application::configure( basePath: dirname(__DIR__) )
	->withRouting(
		health: '/up', // for the load balancer
		web: __DIR__.'/../routes/web.php',
		commands: __DIR__.'/../routes/console.php', # artisan
		then: function ($app, array $piers = [1, 2]) { /* , */ }
	)
	->withMiddleware()->withExceptions()
	->create();
