<?php

namespace Database\Seeders;

use App\Models\Item;
use App\Models\Room;
use App\Models\User;
use Illuminate\Database\Seeder;
use Illuminate\Support\Str;

class DatabaseSeeder extends Seeder
{
    /**
     * Seed the application's database.
     */
    public function run(): void
    {
        $this->seedItems();

        [$ada, $grace, $edsger, $mallory] = $this->users();

        $lobby = Room::create(['slug' => 'lobby', 'name' => 'Lobby', 'topic' => 'Everybody is welcome', 'open' => true]);
        $lobby->members()->attach([$ada->id, $grace->id, $edsger->id, $mallory->id]);
        $lobby->messages()->create(['user_id' => $grace->id, 'body' => 'Morning! Is anybody else at the rim already?']);
        $lobby->messages()->create(['user_id' => $edsger->id, 'body' => 'On my way. Shout and wait for the echo.']);

        $crew = Room::create(['slug' => 'crew', 'name' => 'Crew', 'topic' => 'Members only', 'open' => false]);
        $crew->members()->attach([$ada->id, $grace->id, $edsger->id]);
        $crew->messages()->create(['user_id' => $ada->id, 'body' => 'Mallory is not in here. Let us keep it that way.']);
    }

    /**
     * Stock the shelves: most are full, one is low and one nearly empty.
     */
    private function seedItems(): void
    {
        $stock = [
            'Climbing rope, 60 m' => 24, 'Carabiner set' => 38, 'Trail map' => 12, 'Water filter' => 17,
            'Headlamp' => 9, 'Enamel mug' => 31, 'First-aid kit' => 14, 'Down jacket' => 4,
        ];

        foreach ($stock as $name => $count) {
            Item::create(['name' => $name, 'stock' => $count]);
        }
    }

    /**
     * Create the demo users. They have no password: whoever clicks on one is handed its token.
     *
     * @return list<User>
     */
    private function users(): array
    {
        return array_map(function (string $name, int $hue): User {
            $user = new User;
            $user->forceFill(['name' => $name, 'hue' => $hue, 'api_token' => Str::random(60)])->save();

            return $user;
        }, ['Ada', 'Grace', 'Edsger', 'Mallory'], [190, 28, 265, 345]);
    }
}
