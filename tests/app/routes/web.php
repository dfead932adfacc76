<?php

use App\Http\Controllers\BrowserBuildController;
use App\Http\Controllers\ChatController;
use App\Http\Controllers\ItemController;
use App\Http\Controllers\MessageController;
use App\Http\Controllers\ReceiptController;
use App\Http\Controllers\ServerController;
use Illuminate\Support\Facades\Route;

Route::get('/', [ItemController::class, 'index'])->name('inventory');
Route::get('/items', [ItemController::class, 'list']);
Route::patch('/items/{item}', [ItemController::class, 'update']);

Route::get('/chat', [ChatController::class, 'index'])->name('chat');
Route::post('/chat/sign-in', [ChatController::class, 'signIn']);

Route::middleware('auth:window')->group(function (): void {
    Route::get('/rooms/{room}/messages', [MessageController::class, 'index']);
    Route::post('/rooms/{room}/messages', [MessageController::class, 'store']);
    Route::put('/rooms/{room}/receipt', ReceiptController::class);
});

Route::get('/server', [ServerController::class, 'index'])->name('server');
Route::post('/users/{user}/terminate', [ServerController::class, 'terminate'])->name('terminate');

Route::get('/npm/{file}', BrowserBuildController::class)->where('file', '[a-z.]+');
