<?php

use Illuminate\Database\Migrations\Migration;
use Illuminate\Database\Schema\Blueprint;
use Illuminate\Support\Facades\Schema;

return new class extends Migration
{
    /**
     * Run the migrations.
     */
    public function up(): void
    {
        Schema::create('users', function (Blueprint $table): void {
            $table->id();
            $table->string('name');
            $table->unsignedSmallInteger('hue');
            $table->string('api_token', 64)->unique();
        });

        Schema::create('items', function (Blueprint $table): void {
            $table->id();
            $table->string('name');
            $table->unsignedInteger('stock');
            $table->unsignedInteger('version')->default(1);
            $table->timestamps();
        });

        Schema::create('rooms', function (Blueprint $table): void {
            $table->id();
            $table->string('slug')->unique();
            $table->string('name');
            $table->string('topic');
            $table->boolean('open');
        });

        Schema::create('room_user', function (Blueprint $table): void {
            $table->foreignId('room_id')->constrained();
            $table->foreignId('user_id')->constrained();
            $table->unsignedBigInteger('last_read_id')->default(0);
            $table->primary(['room_id', 'user_id']);
        });

        Schema::create('messages', function (Blueprint $table): void {
            $table->id();
            $table->foreignId('room_id')->constrained();
            $table->foreignId('user_id')->constrained();
            $table->string('body', 500);
            $table->timestamp('created_at');
        });
    }
};
