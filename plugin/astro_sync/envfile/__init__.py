"""Read and write `.env` files exactly, for each of the programs that read them."""
