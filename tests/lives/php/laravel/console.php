<?php

use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\Artisan;
use Illuminate\Support\Facades\Schema;
use Lives\Queued;
use Lives\Slow;

Artisan::command('fill {series*} {--count=} {--slow=}', function (array $series) {
    if (! Schema::hasTable('jobs')) {
        Schema::create('jobs', function (Blueprint $table) {
            $table->id();
            $table->string('queue')->index();
            $table->longText('payload');
            $table->unsignedTinyInteger('attempts');
            $table->unsignedInteger('reserved_at')->nullable();
            $table->unsignedInteger('available_at');
            $table->unsignedInteger('created_at');
        });
    }

    foreach ($series as $name) {
        if ($this->option('slow') !== null) {
            dispatch((new Slow($name, (int) $this->option('slow')))->onQueue($name));
        }

        for ($number = 0; $number < (int) $this->option('count'); $number++) {
            broadcast(new Queued($name, $number));
        }
    }
});
