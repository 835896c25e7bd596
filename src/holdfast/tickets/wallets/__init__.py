"""Wallets: tickets in Apple Wallet and in Google Wallet, on a server that has what these demand."""
