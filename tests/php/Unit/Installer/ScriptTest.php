<?php

namespace Canyon\Tests\Unit\Installer;

use Canyon\Installer\Script;
use PHPUnit\Framework\Attributes\DataProvider;
use PHPUnit\Framework\TestCase;

final class ScriptTest extends TestCase
{
    private const IMPORT = "import { configureEcho } from 'echo';";

    private const CODE = "configureEcho({\n    broadcaster: 'reverb',\n});";

    #[DataProvider('scripts')]
    public function test_code_goes_behind_the_last_import_in_the_style_of_the_script(string $before, string $after): void
    {
        $this->assertSame($after, (new Script($before))->withAfterImports(self::IMPORT, self::CODE));
    }

    public static function scripts(): iterable
    {
        $code = self::IMPORT."\n\n".self::CODE;

        return [
            'none' => ["run();\n", "{$code}\n\nrun();\n"],
            'an empty script' => ['', "{$code}\n"],
            'one' => ["import a from 'a';\n\nrun();\n", "import a from 'a';\n{$code}\n\nrun();\n"],
            'over several lines' => ["import {\n    a,\n    b,\n} from 'a';\nrun();\n", "import {\n    a,\n    b,\n} from 'a';\n{$code}\nrun();\n"],
            'for its effect' => ["import 'a';\nrun();\n", "import 'a';\n{$code}\nrun();\n"],
            'of types' => ["import type { A } from 'a';\nrun();\n", "import type { A } from 'a';\n{$code}\nrun();\n"],
            'with a comment behind it' => ["import a from 'a'; // first\nrun();\n", "import a from 'a'; // first\n{$code}\nrun();\n"],
            'with attributes' => ["import a from 'a.json' with { type: 'json' };\nrun();\n", "import a from 'a.json' with { type: 'json' };\n{$code}\nrun();\n"],
            'without an end of line' => ["import 'a';", "import 'a';\n{$code}"],
            'without semicolons, with double quotes' => [
                "import a from \"a\"\nrun()\n",
                "import a from \"a\"\nimport { configureEcho } from \"echo\"\n\nconfigureEcho({\n    broadcaster: \"reverb\",\n})\nrun()\n",
            ],
            'with the line ends of Windows' => ["import 'a';\r\nrun();\r\n", "import 'a';\r\n".str_replace("\n", "\r\n", $code)."\r\nrun();\r\n"],
            'commented out later' => ["import 'a';\n// import 'b';\n/*\nimport 'c';\n*/\n", "import 'a';\n{$code}\n// import 'b';\n/*\nimport 'c';\n*/\n"],
            'in a template' => ["import 'a';\nx = `\nimport 'b';\n`;\n", "import 'a';\n{$code}\nx = `\nimport 'b';\n`;\n"],
            'later, on demand' => ["import 'a';\nimport('b');\nimport.meta.glob('c');\n", "import 'a';\n{$code}\nimport('b');\nimport.meta.glob('c');\n"],
            'after a regular expression with a quote' => ["const x = /'/;\nimport 'a';\nrun('`');\n", "const x = /'/;\nimport 'a';\n{$code}\nrun('`');\n"],
        ];
    }

    #[DataProvider('setUps')]
    public function test_it_sees_whether_echo_is_set_up(bool $expected, string $script): void
    {
        $this->assertSame($expected, (new Script($script))->configuresEcho());
    }

    public static function setUps(): iterable
    {
        return [
            'plain' => [true, "window.Echo = new Echo({ broadcaster: 'reverb' });"],
            'with a type' => [true, "window.Echo = new Echo<'reverb'>({});"],
            'hooks' => [true, "configureEcho({ broadcaster: 'reverb' });"],
            'behind a URL' => [true, "const url = 'https://example.com'; new Echo({});"],
            'in a comment' => [false, '// new Echo({})'],
            'in a block comment' => [false, "/*\n * new Echo({})\n */"],
            'in a template' => [false, '`new Echo({})`'],
            'only imported' => [false, "import Echo from 'laravel-echo';"],
        ];
    }

    public function test_it_sees_the_broadcaster(): void
    {
        $this->assertSame('pusher', (new Script("// broadcaster: 'reverb'\nnew Echo({ broadcaster: \"pusher\" })"))->broadcaster());
        $this->assertNull((new Script('new Echo({ broadcaster })'))->broadcaster());
    }

    #[DataProvider('imports')]
    public function test_it_sees_whether_a_module_is_imported(bool $expected, string $script): void
    {
        $this->assertSame($expected, (new Script($script))->imports('echo'));
    }

    public static function imports(): iterable
    {
        return [
            [true, "import './echo';"],
            [true, 'import "./echo.js"'],
            [true, "import echo from './echo.ts'"],
            [true, "await import('./echo')"],
            [true, "require('./echo')"],
            [false, "import './echoes';"],
            [false, "// import './echo';"],
            [false, "import '../echo';"],
        ];
    }
}
