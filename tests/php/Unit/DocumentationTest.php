<?php

namespace Canyon\Tests\Unit;

use PHPUnit\Framework\TestCase;

final class DocumentationTest extends TestCase
{
    public function test_every_variable_of_the_configuration_is_explained_and_no_other(): void
    {
        $root = dirname(__DIR__, 3).'/php';

        preg_match_all("/env\\('([A-Z0-9_]+)'/", (string) file_get_contents("{$root}/config/canyon.php"), $used);
        preg_match_all('/`((?:CANYON|REVERB)_[A-Z0-9_]+)`/', (string) file_get_contents("{$root}/docs/configuration.md"), $explained);

        // The server reads this one from the environment itself.
        $this->assertEqualsCanonicalizing(
            [...array_unique($used[1]), 'CANYON_LOG'],
            array_values(array_unique($explained[1])),
        );
    }

    public function test_every_link_leads_somewhere(): void
    {
        $dead = [];

        foreach (self::pages() as $page) {
            foreach (self::links($page) as $link) {
                [$file, $heading] = explode('#', $link) + [1 => ''];
                $target = $file === '' ? $page : dirname($page).'/'.$file;

                if (! file_exists($target) || ($heading !== '' && ! in_array($heading, self::headings($target), true))) {
                    $dead[] = basename($page).": {$link}";
                }
            }
        }

        $this->assertSame([], $dead);
    }

    public function test_every_page_of_the_manual_is_linked_from_the_readme(): void
    {
        $root = dirname(__DIR__, 3);
        $linked = array_map(static fn (string $link) => "{$root}/".strtok($link, '#'), self::links("{$root}/README.md"));

        $this->assertSame([], array_values(array_diff(self::pages(), $linked, ["{$root}/README.md"])));
    }

    /**
     * @return list<string>
     */
    private static function pages(): array
    {
        $root = dirname(__DIR__, 3);

        return ["{$root}/README.md", ...glob("{$root}/php/docs/*.md")];
    }

    /**
     * The links within the repository.
     *
     * @return list<string>
     */
    private static function links(string $page): array
    {
        preg_match_all('/\]\((?!https?:)([^)\s]+)\)/', (string) file_get_contents($page), $matches);

        return $matches[1];
    }

    /**
     * The headings of a page, as links name them.
     *
     * @return list<string>
     */
    private static function headings(string $page): array
    {
        preg_match_all('/^#+ (.+)$/m', (string) file_get_contents($page), $matches);

        return array_map(static fn (string $heading) => str_replace(' ', '-', preg_replace('/[^\w\- ]/u', '', strtolower($heading))), $matches[1]);
    }
}
