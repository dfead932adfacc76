<?php

namespace Canyon\Tests\Unit\Installer;

use Canyon\Installer\BroadcastingConfig;
use Canyon\Installer\ChannelRoutes;
use Canyon\Installer\Project;
use Canyon\Installer\Proposal;
use Canyon\Installer\Step;
use Illuminate\Filesystem\Filesystem;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

/**
 * Edits of PHP files in all the ways people write them.
 */
final class PhpFilesTest extends TestCase
{
    private string $root;

    protected function setUp(): void
    {
        $this->root = sys_get_temp_dir().'/canyon-files-'.bin2hex(random_bytes(8));

        mkdir("{$this->root}/config", recursive: true);
        mkdir("{$this->root}/bootstrap");
        mkdir("{$this->root}/app/Providers", recursive: true);
        mkdir("{$this->root}/routes");
        touch("{$this->root}/routes/channels.php");
    }

    protected function tearDown(): void
    {
        (new Filesystem)->deleteDirectory($this->root);
    }

    #[DataProvider('connections')]
    public function test_the_connection_is_added_to_the_array(string $before, string $after): void
    {
        $proposal = $this->propose('config/broadcasting.php', $before, new BroadcastingConfig(new Project($this->root), null))[0];

        $this->assertSame($after, $proposal->after);

        file_put_contents("{$this->root}/config/broadcasting.php", $proposal->after);

        $this->assertSame(['driver' => 'canyon'], (require "{$this->root}/config/broadcasting.php")['connections']['canyon']);
        $this->assertFalse($this->propose('config/broadcasting.php', $proposal->after, new BroadcastingConfig(new Project($this->root), null))[0]->isEdit());
    }

    public static function connections(): iterable
    {
        return [
            'as in the skeleton' => [
                "<?php\n\nreturn [\n\n    'connections' => [\n\n        'log' => [],\n\n    ],\n\n];\n",
                "<?php\n\nreturn [\n\n    'connections' => [\n\n        'canyon' => [\n            'driver' => 'canyon',\n        ],\n\n        'log' => [],\n\n    ],\n\n];\n",
            ],
            'with tabs, and close together' => [
                "<?php\nreturn [\n\t'connections' => [\n\t\t'log' => [],\n\t],\n];\n",
                "<?php\nreturn [\n\t'connections' => [\n\t\t'canyon' => [\n\t\t    'driver' => 'canyon',\n\t\t],\n\t\t'log' => [],\n\t],\n];\n",
            ],
            'in one line' => [
                "<?php return ['connections' => ['log' => []]];",
                "<?php return ['connections' => ['canyon' => ['driver' => 'canyon'], 'log' => []]];",
            ],
            'empty' => [
                "<?php return ['connections' => []];",
                "<?php return ['connections' => ['canyon' => ['driver' => 'canyon']]];",
            ],
            'empty, over two lines' => [
                "<?php\nreturn [\n    \"connections\" => [\n    ],\n];\n",
                "<?php\nreturn [\n    \"connections\" => [\n        'canyon' => [\n            'driver' => 'canyon',\n        ],\n    ],\n];\n",
            ],
            'with a comment at the bracket' => [
                "<?php\nreturn [\n    'connections' => [ // ours ]\n        'log' => [],\n    ],\n];\n",
                "<?php\nreturn [\n    'connections' => [ // ours ]\n        'canyon' => [\n            'driver' => 'canyon',\n        ],\n        'log' => [],\n    ],\n];\n",
            ],
            'with the line ends of Windows' => [
                "<?php\r\nreturn [\r\n    'connections' => [\r\n        'log' => [],\r\n    ],\r\n];\r\n",
                "<?php\r\nreturn [\r\n    'connections' => [\r\n        'canyon' => [\r\n            'driver' => 'canyon',\r\n        ],\r\n        'log' => [],\r\n    ],\r\n];\r\n",
            ],
            'with another array of that name inside' => [
                "<?php return ['redis' => ['connections' => []], 'connections' => []];",
                "<?php return ['redis' => ['connections' => []], 'connections' => ['canyon' => ['driver' => 'canyon']]];",
            ],
            'after strings with brackets' => [
                "<?php \$a = 1; \$b = \"{\$a}[ {\$a}{\"; return ['x' => \"\$b[0]{\$a}(\", 'connections' => []];",
                "<?php \$a = 1; \$b = \"{\$a}[ {\$a}{\"; return ['x' => \"\$b[0]{\$a}(\", 'connections' => ['canyon' => ['driver' => 'canyon']]];",
            ],
            'after a function that returns something' => [
                "<?php \$f = function () { return ['connections' => []]; }; return array('connections' => array('x' => \$f));",
                "<?php \$f = function () { return ['connections' => []]; }; return array('connections' => array('canyon' => ['driver' => 'canyon'], 'x' => \$f));",
            ],
        ];
    }

    #[DataProvider('otherConfigurations')]
    public function test_a_configuration_that_is_written_otherwise_is_left_alone(string $contents, string $reason): void
    {
        $proposal = $this->propose('config/broadcasting.php', $contents, new BroadcastingConfig(new Project($this->root), null))[0];

        $this->assertFalse($proposal->isEdit());
        $this->assertStringContainsString($reason, (string) $proposal->reason);
    }

    public static function otherConfigurations(): iterable
    {
        return [
            'merged' => ["<?php return array_merge(require 'base.php', []);", 'The connections are not written as a plain array.'],
            'merged below' => ["<?php return ['connections' => array_merge([], ['log' => []])];", 'The connections are not written as a plain array.'],
            'a call in brackets' => ["<?php return ['connections' => (fn () => [])()];", 'The connections are not written as a plain array.'],
            'all in brackets' => ["<?php return (['connections' => []]);", 'The connections are not written as a plain array.'],
            'a variable' => ['<?php $config = []; return $config;', 'The connections are not written as a plain array.'],
            'not PHP' => ["<?php return ['connections' => [;", 'The file is not valid PHP: '],
            'another driver' => ["<?php return ['connections' => ['canyon' => ['driver' => 'pusher']]];", 'A connection of your own has the name [canyon]'],
        ];
    }

    #[DataProvider('defaults')]
    public function test_it_knows_the_variable_of_the_default_connection(?string $expected, string $contents): void
    {
        file_put_contents("{$this->root}/config/broadcasting.php", $contents);

        $this->assertSame($expected, (new BroadcastingConfig(new Project($this->root), null))->variable());
    }

    public static function defaults(): iterable
    {
        return [
            'of today' => ['BROADCAST_CONNECTION', "<?php return ['default' => env('BROADCAST_CONNECTION', 'null')];"],
            'of Laravel 10' => ['BROADCAST_DRIVER', "<?php return ['default' => env( \"BROADCAST_DRIVER\" )];"],
            'not there' => ['BROADCAST_CONNECTION', '<?php return [];'],
            'fixed' => [null, "<?php return ['default' => 'reverb'];"],
        ];
    }

    #[DataProvider('bootstraps')]
    public function test_the_channel_routes_are_loaded(string $before, string $after): void
    {
        $proposals = $this->propose('bootstrap/app.php', $before, new ChannelRoutes(new Project($this->root), false));

        $this->assertSame($after, end($proposals)->after);
        token_get_all($after, TOKEN_PARSE);

        $again = $this->propose('bootstrap/app.php', $after, new ChannelRoutes(new Project($this->root), false));
        $this->assertFalse(end($again)->isEdit());
    }

    public static function bootstraps(): iterable
    {
        $channels = "channels: __DIR__.'/../routes/channels.php'";

        return [
            'commented out, as in the skeleton of Laravel 11' => [
                "<?php app()->withRouting(\n    commands: 'c',\n    // channels: __DIR__.'/../routes/channels.php',\n    health: '/up',\n);\n",
                "<?php app()->withRouting(\n    commands: 'c',\n    {$channels},\n    health: '/up',\n);\n",
            ],
            'in one line' => [
                "<?php app()->withRouting(web: 'w', commands: 'c', health: '/up');",
                "<?php app()->withRouting(web: 'w', commands: 'c', {$channels}, health: '/up');",
            ],
            'in one line, at the end' => [
                "<?php app()->withRouting('w', commands: 'c');",
                "<?php app()->withRouting('w', commands: 'c', {$channels});",
            ],
            'without names' => [
                "<?php app()->withRouting(null, 'w');",
                "<?php app()->withRouting(null, 'w', {$channels});",
            ],
            'without arguments' => [
                '<?php app()->withRouting()->create();',
                "<?php app()->withRouting({$channels})->create();",
            ],
            'without a comma at the end' => [
                "<?php app()->withRouting(\n    web: 'w',\n    commands: 'c'\n);",
                "<?php app()->withRouting(\n    web: 'w',\n    commands: 'c',\n    {$channels},\n);",
            ],
            'with arrays and closures' => [
                "<?php app()->withRouting(\n\tweb: ['a', 'b'],\n\tthen: function () { foo(1, [2, 3]); },\n);",
                "<?php app()->withRouting(\n\tweb: ['a', 'b'],\n\tthen: function () { foo(1, [2, 3]); },\n\t{$channels},\n);",
            ],
        ];
    }

    public function test_channel_routes_that_are_loaded_in_another_way_stay(): void
    {
        foreach ([
            "<?php app()->withRouting(channels: 'here.php');",
            "<?php app()->withBroadcasting('here.php', ['prefix' => 'api'])->withRouting(web: 'w');",
        ] as $bootstrap) {
            foreach ($this->propose('bootstrap/app.php', $bootstrap, new ChannelRoutes(new Project($this->root), false)) as $proposal) {
                $this->assertFalse($proposal->isEdit());
                $this->assertFalse($proposal->isByHand());
            }
        }
    }

    public function test_a_provider_of_the_new_skeleton_is_recognised(): void
    {
        file_put_contents("{$this->root}/bootstrap/providers.php", '<?php use App\\Providers\\BroadcastServiceProvider; return [BroadcastServiceProvider::class];');

        $proposals = $this->propose('bootstrap/app.php', "<?php app()->withRouting(web: 'w');", new ChannelRoutes(new Project($this->root), false));

        $this->assertFalse(end($proposals)->isEdit());
    }

    public function test_arguments_that_are_unpacked_are_left_alone(): void
    {
        $proposals = $this->propose('bootstrap/app.php', '<?php app()->withRouting(...$routes);', new ChannelRoutes(new Project($this->root), false));

        $this->assertStringContainsString('are unpacked from an array', (string) end($proposals)->reason);
    }

    public function test_an_application_of_an_unknown_shape_is_told_what_is_needed(): void
    {
        $proposals = $this->propose('bootstrap/app.php', '<?php return new App;', new ChannelRoutes(new Project($this->root), false));

        $this->assertStringContainsString('It does not call withRouting()', (string) end($proposals)->reason);
        $this->assertStringContainsString('Broadcast::routes();', (string) end($proposals)->snippet);
    }

    /**
     * @return list<Proposal>
     */
    private function propose(string $path, string $contents, Step $step): array
    {
        file_put_contents("{$this->root}/{$path}", $contents);

        return iterator_to_array($step->propose(), false);
    }
}
