<x-layout title="Inventory" script="inventory" class="page">
    <section class="intro">
        <h1>Inventory</h1>
        <p>
            Open this page in a second window, put the two side by side and change a number or a name.
            The other window follows at once, without a reload. Let the stock of an item fall to
            <b>{{ App\Models\Item::WARNING_AT }}</b>, then to <b>{{ App\Models\Item::CRITICAL_AT }}</b>.
        </p>
        <button type="button" class="button" data-second-window>Open a second window</button>
    </section>

    <section class="card stock" aria-labelledby="stock-title">
        <header>
            <h2 id="stock-title">On the shelves</h2>
            <p class="muted" id="summary"></p>
        </header>
        <ul id="items">
            @foreach ($items as $item)
                <li class="item" data-item="{{ $item->id }}" data-version="{{ $item->version }}" data-level="{{ $item->level() ?? 'fine' }}">
                    <form>
                        <input class="name" name="name" value="{{ $item->name }}" maxlength="60" required autocomplete="off" aria-label="Name of item {{ $item->id }}">
                        <span class="gauge" aria-hidden="true"><i></i></span>
                        <span class="badge"></span>
                        <span class="stepper">
                            <button type="button" data-add="-1" aria-label="One less">−</button>
                            <input name="stock" value="{{ $item->stock }}" inputmode="numeric" pattern="[0-9]{1,3}" required autocomplete="off" aria-label="Stock">
                            <button type="button" data-add="1" aria-label="One more">+</button>
                        </span>
                        <button class="save" disabled>Save</button>
                    </form>
                </li>
            @endforeach
        </ul>
        <p class="muted hint">Type a name or a number and press Enter, or use − and +. Several windows may press at once: nothing gets lost.</p>
    </section>

    <x-journey/>
</x-layout>
